package history_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// driver calls the methods of a store as the services do.
type driver struct {
	*store.Store
	sql *pgx.Conn
	// tenant is that of the principal in a store for clients.
	tenant string
}

// context returns the context of a call.
func (d driver) context(t *testing.T) context.Context {
	t.Helper()
	if d.tenant == "" {
		return t.Context()
	}
	return access.With(t.Context(), &access.Principal{ID: "history", Tenant: d.tenant})
}

// driveTenant calls what a client of a tenant with few of many operations calls.
func driveTenant(t *testing.T, d driver) {
	t.Helper()
	t.Run("lists of a tenant", d.lists)
	t.Run("reads of a tenant", func(t *testing.T) {
		op, err := d.OperationByNumber(d.context(t), int64(*operations/100))
		mustNot(t, err)
		_, err = d.Operations(d.context(t), []uuid.UUID{op.ID})
		mustNot(t, err)
		_, err = d.Events(d.context(t), map[uuid.UUID]int{op.ID: 0}, 500)
		mustNot(t, err)
		mustNot(t, d.Rejections(d.context(t), op.ID, 0, func(operation.Rejection) error { return nil }))
	})
}

// drive calls every method of the store that executes a statement on Longshore's tables.
func drive(t *testing.T, s *store.Store, sql *pgx.Conn) {
	t.Helper()
	d := driver{Store: s, sql: sql}
	t.Run("imports", d.imports)
	t.Run("multipart", d.multipart)
	t.Run("searches", d.searches)
	t.Run("reads", d.reads)
	t.Run("lists", d.lists)
	t.Run("duties", d.duties)
}

// mustNot ends the test if there is an error.
func mustNot(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func draft(kind operation.Kind) store.Draft {
	return store.Draft{
		Reference: operation.NewReference(), Kind: kind, Collection: "tools", Lanes: 2, PollWithin: time.Minute,
		Labels: map[string]string{"team": "data"}, Request: []byte(`{}`),
	}
}

// packed returns a chunk of two records.
func packed(seq int) chunk.Chunk {
	packer := chunk.NewPacker(2, 1<<20)
	packer.Add([]byte(`{"n":1}`))
	packer.Add([]byte(`{"n":2}`))
	c := packer.Cut()
	c.Seq, c.FirstRow = seq, 2*seq+1
	return c
}

// accept stages and seals an import of n chunks.
func (d driver) accept(t *testing.T, n int) *operation.Operation {
	t.Helper()
	from := draft(operation.Import)
	from.Request, from.PollWithin = nil, 0
	u, err := d.NewUpload(from)
	mustNot(t, err)
	if n > 1 {
		mustNot(t, u.Claim(t.Context()))
		mustNot(t, u.Touch(t.Context()))
	}
	for seq := range n - 1 {
		mustNot(t, u.Stage(t.Context(), packed(seq)))
	}
	op, err := u.Seal(t.Context(), packed(n-1))
	mustNot(t, err)
	return op
}

// awaiting tries records that await their parents: all of them, those of one chunk, and none while an earlier import is
// unfinished.
func (d driver) awaiting(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	earlier, op := d.accept(t, 1), d.accept(t, 2)
	for seq := range 2 {
		c := job.Chunk{OperationID: op.ID, Seq: seq}
		_, err := d.BeginAttempt(ctx, c, op.Kind)
		mustNot(t, err)
		_, err = d.RunStep(ctx, c, func(_ context.Context, s *store.Step) (store.Effect, error) {
			return store.Effect{Outcomes: make([]operation.Outcome, s.Rows), Warnings: []string{"the sequence was not advanced"}}, nil
		})
		mustNot(t, err)
	}
	again := func() error {
		parents := store.Parents{Collections: []string{op.Collection}, Wait: time.Hour}
		_, err := d.RunAwaiting(ctx, job.Chunk{OperationID: op.ID}, parents, func(_ context.Context, s *store.AwaitingStep) (effect store.Effect, _ error) {
			for _, c := range s.Chunks {
				effect.Outcomes = append(effect.Outcomes, c.Outcomes...)
			}
			return effect, nil
		})
		return err
	}
	mustNot(t, again())
	exec(t, d.sql, `UPDATE xforce.task_chunks SET cursor = NULL WHERE task_id = $1 AND seq = 1`, op.ID)
	mustNot(t, again())
	if err := again(); err == nil {
		t.Error("RunAwaiting() beside an earlier import succeeded, want an error")
	}
	for _, one := range []*operation.Operation{earlier, op} {
		_, _, err := d.Cancel(ctx, one.ID)
		mustNot(t, err)
	}
}

// group processes two small imports together.
func (d driver) group(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	ids := []uuid.UUID{d.accept(t, 1).ID, d.accept(t, 1).ID}
	imports, err := d.Candidates(ctx, ids)
	mustNot(t, err)
	done, err := d.RunGroup(ctx, imports, func(_ context.Context, s *store.GroupStep) error {
		for i := range s.Members {
			s.Members[i].Outcomes = []operation.Outcome{operation.Created, operation.Updated}
		}
		return nil
	})
	mustNot(t, err)
	if len(done.Imports) != len(ids) {
		t.Errorf("RunGroup() committed %d imports, want %d", len(done.Imports), len(ids))
	}
	running := d.accept(t, 1)
	mustNot(t, d.MarkRunning(ctx, []uuid.UUID{running.ID}))
	_, _, err = d.Cancel(ctx, running.ID)
	mustNot(t, err)
}

func (d driver) imports(t *testing.T) {
	op := d.accept(t, 3)
	at := func(seq int) job.Chunk { return job.Chunk{OperationID: op.ID, Seq: seq} }
	attempt, err := d.BeginAttempt(t.Context(), at(0), op.Kind)
	mustNot(t, err)
	_, err = d.UncountAttempt(t.Context(), at(0), attempt, context.DeadlineExceeded)
	mustNot(t, err)
	_, err = d.RunStep(t.Context(), at(0), func(_ context.Context, s *store.Step) (store.Effect, error) {
		return store.Effect{
			Outcomes:   []operation.Outcome{operation.Created, operation.Rejected},
			Rejections: []operation.Rejection{{Row: s.FirstRow + 1, Received: []byte(`{}`), Reasons: []operation.Reason{{Code: "x", Message: "x"}}}},
		}, nil
	})
	mustNot(t, err)
	if _, err := d.BeginAttempt(t.Context(), at(0), op.Kind); err == nil {
		t.Error("BeginAttempt() of a done chunk succeeded")
	}
	d.awaiting(t)
	d.group(t)
	mustNot(t, d.ReportProgress(t.Context(), op.ID, 50, "half"))
	_, err = d.Fail(t.Context(), at(1), operation.Failure{Code: "x", Message: "x"})
	mustNot(t, err)
	_, _, err = d.Cancel(t.Context(), d.accept(t, 1).ID)
	mustNot(t, err)
	_, err = d.Prune(t.Context(), op.ID)
	mustNot(t, err)
	d.drop(t)
}

// drop stages an upload and drops it.
func (d driver) drop(t *testing.T) {
	t.Helper()
	u, err := d.NewUpload(draft(operation.Import))
	mustNot(t, err)
	mustNot(t, u.Stage(t.Context(), packed(0)))
	mustNot(t, u.Drop(t.Context()))
}

func (d driver) multipart(t *testing.T) {
	ctx := t.Context()
	u, err := d.BeginMultipart(ctx, draft(operation.Import), time.Hour)
	mustNot(t, err)
	for range 2 {
		w, err := d.NewPart(u.ID, 1)
		mustNot(t, err)
		mustNot(t, w.Append(ctx, []byte("n\n1\n")))
		mustNot(t, w.Touch(ctx, time.Hour))
		_, err = w.Commit(ctx, []byte("digest"), 1<<20, time.Hour)
		mustNot(t, err)
		mustNot(t, w.Discard(ctx))
	}
	_, err = d.ListParts(ctx, u.ID)
	mustNot(t, err)
	op, err := d.FinishMultipart(ctx, u.ID, 1)
	mustNot(t, err)
	parts, err := d.ReadParts(ctx, u.ID)
	mustNot(t, err)
	if _, err := parts.Read(make([]byte, 10)); err != nil {
		t.Error(err)
	}
	mustNot(t, d.BeginSplit(ctx, op.ID, "digest"))
	mustNot(t, d.StageSplit(ctx, op.ID, "digest", packed(0)))
	_, err = d.BeginAttempt(ctx, job.SplitOf(op.ID), op.Kind)
	mustNot(t, err)
	_, err = d.RunSplit(ctx, job.SplitOf(op.ID), func(context.Context, store.Checkpoint) (store.Split, error) {
		return store.Split{Records: 2, Chunks: 1}, nil
	})
	mustNot(t, err)
	_, err = d.ClearableUploads(ctx, 100)
	mustNot(t, err)
	mustNot(t, d.ClearSplit(ctx, op.ID))
	other, err := d.BeginMultipart(ctx, draft(operation.Import), time.Hour)
	mustNot(t, err)
	mustNot(t, d.DropMultipart(ctx, other))
	d.keptFile(t)
}

// keptFile accepts an import whose body is kept as a file, and reads it.
func (d driver) keptFile(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	u, err := d.NewUpload(draft(operation.Import))
	mustNot(t, err)
	mustNot(t, u.Claim(ctx))
	part, err := u.NewPart()
	mustNot(t, err)
	mustNot(t, part.Append(ctx, []byte("PK")))
	_, err = part.Commit(ctx, []byte("digest"), 1<<20, time.Hour)
	mustNot(t, err)
	op, err := u.SealParts(ctx, []byte(`{}`))
	mustNot(t, err)
	file, err := d.OpenParts(ctx, op.ID)
	mustNot(t, err)
	if _, err := file.ReadAt(make([]byte, 2), 0); err != nil {
		t.Error(err)
	}
	_, _, err = d.Cancel(ctx, op.ID)
	mustNot(t, err)
}

func (d driver) searches(t *testing.T) {
	ctx := t.Context()
	op, err := d.Accept(ctx, draft(operation.Search))
	mustNot(t, err)
	at := job.Chunk{OperationID: op.ID}
	_, err = d.BeginAttempt(ctx, at, op.Kind)
	mustNot(t, err)
	mustNot(t, d.Polled(ctx, []uuid.UUID{op.ID}, time.Hour))
	_, err = d.CheckpointOf(ctx, at)
	mustNot(t, err)
	_, err = d.RunResumable(ctx, at, func(ctx context.Context, s *store.ResumableStep) (store.Progress, error) {
		mustNot(t, s.Append(ctx, store.RowsStage, store.OutputBlock{Rows: 1, Bytes: []byte("{}\n")}))
		mustNot(t, s.Clear(ctx, store.KeysStage))
		_, err := s.Outputs(ctx, store.RowsStage, 0, 10)
		mustNot(t, err)
		_, err = s.Extent(ctx, store.RowsStage)
		return store.Progress{Cursor: []byte(`{}`)}, err
	})
	mustNot(t, err)
	mustNot(t, d.BeginFile(ctx, at, []byte(`{}`)))
	mustNot(t, d.WhileLive(ctx, op.ID, func(context.Context) error { time.Sleep(400 * time.Millisecond); return nil })) //nolint:forbidigo // longer than one check
	_, err = d.RunLong(ctx, at, func(ctx context.Context, _ store.Checkpoint) (store.Progress, error) {
		return store.Progress{Done: true}, d.AppendOutput(ctx, op.ID, store.FileStage, store.OutputBlock{Bytes: []byte("file")})
	})
	mustNot(t, err)
	for _, read := range []func() error{
		func() error { _, err := d.Outputs(ctx, op.ID, store.RowsStage, 0, 10); return err },
		func() error { _, err := d.OutputAt(ctx, op.ID, store.FileStage, 0); return err },
		func() error { _, err := d.OutputExtent(ctx, op.ID, store.FileStage); return err },
		func() error { _, _, _, err := d.BlockOfRow(ctx, op.ID, store.RowsStage, 0); return err },
	} {
		mustNot(t, read())
	}
}

// finished returns an operation of the history.
func (d driver) finished(t *testing.T) *operation.Operation {
	t.Helper()
	op, err := d.OperationByNumber(t.Context(), int64(*operations)-1)
	mustNot(t, err)
	return op
}

func (d driver) reads(t *testing.T) {
	ctx := t.Context()
	op := d.finished(t)
	for _, read := range []func() error{
		func() error { _, err := d.Operation(ctx, op.ID); return err },
		func() error { _, err := d.OperationByReference(ctx, op.Collection, op.Reference); return err },
		func() error { _, err := d.Operations(ctx, []uuid.UUID{op.ID}); return err },
		func() error { _, err := d.Events(ctx, map[uuid.UUID]int{op.ID: 0}, 500); return err },
		func() error { _, err := d.CommittedBytes(ctx, op.ID, []int{1}); return err },
		func() error { _, err := d.SchemaBytes(ctx); return err },
		func() error { _, err := d.GroupFailures(ctx, []uuid.UUID{op.ID}, 10, 100); return err },
		func() error { return d.Rejections(ctx, op.ID, 0, func(operation.Rejection) error { return nil }) },
	} {
		mustNot(t, read())
	}
	live := d.accept(t, 2)
	for _, outcome := range []operation.Outcome{
		operation.Created, operation.Updated, operation.Superseded, operation.Rejected, operation.Unprocessed,
	} {
		mustNot(t, d.Records(ctx, live.ID, outcome, func(int, []byte) error { return nil }))
	}
}

func (d driver) duties(t *testing.T) {
	ctx := t.Context()
	op := d.accept(t, 3)
	exec(t, d.sql, `UPDATE xforce.tasks SET poll_deadline = clock_timestamp() - interval '1 day' WHERE task_id = $1`, op.ID)
	abandoned, err := d.NewUpload(draft(operation.Import))
	mustNot(t, err)
	mustNot(t, abandoned.Claim(ctx))
	share := store.Share{Owner: "192.0.2.1", Kind: job.Import, Limit: 32}
	for _, duty := range []func() error{
		func() error { _, err := d.Stats(ctx); return err },
		func() error { _, err := d.Backlog(ctx, 1000); return err },
		func() error { _, err := d.OldestTransactions(ctx); return err },
		func() error { _, _, err := d.DueChunks(ctx, operation.Import, 0, 10_000); return err },
		func() error { _, _, err := d.Hold(ctx, share, job.WholeImports(op.ID)); return err },
		func() error { _, err := d.Queued(ctx, share); return err },
		func() error { _, err := d.HeldShares(ctx); return err },
		func() error { _, err := d.Release(ctx, share.Owner, share.Kind, nil); return err },
		func() error { return d.DropHeld(ctx) },
		func() error { _, err := d.Unlocked(ctx, []job.Chunk{{OperationID: op.ID}}); return err },
		func() error { _, err := d.Traceparents(ctx, []uuid.UUID{op.ID}); return err },
		func() error { _, err := d.EndStalledSessions(ctx, time.Hour); return err },
		func() error { _, err := d.TimeOutUnpolled(ctx, 500); return err },
		func() error { _, err := d.AbandonedUploads(ctx, 0); return err },
		func() error { return d.DropUpload(ctx, abandoned.ID()) },
		func() error { _, err := d.DeleteExpired(ctx, 24*time.Hour*365, 500); return err },
		func() error { _, err := d.DeleteExpired(ctx, time.Hour, 500); return err },
	} {
		mustNot(t, duty())
	}
	exec(t, d.sql, `UPDATE xforce.tasks SET retention = '1 second' WHERE number BETWEEN $1::int / 2 AND $1::int / 2 + 600`, *operations)
	for {
		expired, err := d.Expire(ctx, 500)
		mustNot(t, err)
		if len(expired) == 0 { // also if none is due, a pass must be short
			break
		}
	}
	tombstones, err := d.Purgeable(ctx, uuid.Nil, 100)
	mustNot(t, err)
	if len(tombstones) < 100 {
		t.Errorf("%d tombstones can be purged, want 100", len(tombstones))
	}
	_, err = d.Purge(ctx, tombstones)
	mustNot(t, err)
}
