package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

func (f fixture) expectDue(t *testing.T, when string, want ...job.Due) {
	t.Helper()
	due, _, err := f.store.DueChunks(t.Context(), operation.Import, 0, maxRows)
	if diff := cmp.Diff(want, due); err != nil || diff != "" {
		t.Errorf("DueChunks() %s = %v (-want +got):\n%s", when, err, diff)
	}
}

func TestDueChunksReturnsFirstOfEachLane(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 3, 70, 10)
	f.step(t, of(op, 1), operation.Created)
	due := func(seq int) job.Due { return job.Due{Kind: job.Import, Chunk: of(op, seq)} }
	f.expectDue(t, "after chunk 1", due(0), due(2), due(4))
}

// TestDueChunksOfUnsplitUpload: before the split only the split is due, and no staged chunk. The
// split is inserted like the previous release does: with the number -1 and no kind.
func TestDueChunksOfUnsplitUpload(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 2, 4, 1)
	f.exec(t, `UPDATE xforce.tasks SET total_chunks = 0, total_records = 0`)
	f.exec(t, `INSERT INTO xforce.task_chunks (task_id, seq, first_row, row_count, payload) VALUES ($1, -1, 1, 0, '')`, op.ID)
	f.expectDue(t, "before the split", job.Due{Kind: job.Split, Chunk: job.SplitOf(op.ID)})
	f.exec(t, `UPDATE xforce.tasks SET total_chunks = 4, total_records = 4`)
	f.exec(t, `UPDATE xforce.task_chunks SET state = 'done' WHERE kind = 'split'`)
	f.expectDue(t, "after the split", job.Due{Kind: job.Import, Chunk: of(op, 0)}, job.Due{Kind: job.Import, Chunk: of(op, 1)})
}

// stalledCopy starts a COPY and sends no data, like a frozen process. It returns the session's
// process id.
func stalledCopy(t *testing.T, url, application string) (pid uint32) {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["application_name"] = application
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	frozen := make(chan struct{})
	t.Cleanup(func() { close(frozen) })
	go func() {
		_, _ = conn.PgConn().CopyFrom(context.Background(), blockedReader(frozen), "COPY xforce.tools FROM STDIN")
	}()
	return conn.PgConn().PID()
}

// blockedReader blocks until its channel is closed.
type blockedReader chan struct{}

func (r blockedReader) Read([]byte) (int, error) {
	<-r
	return 0, context.Canceled
}

func TestEndStalledSessions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	otherDatabase := storetest.NewDatabase(t)
	stalled := stalledCopy(t, f.url, store.ImporterSessions)
	others := map[string]uint32{
		"another application": stalledCopy(t, f.url, "another"),
		"another database":    stalledCopy(t, otherDatabase, store.ImporterSessions),
	}
	f.await(t, `SELECT count(*) = 3 FROM pg_stat_activity WHERE wait_event = 'ClientRead' AND state = 'active' AND pid = ANY ($1)`,
		[]uint32{stalled, others["another application"], others["another database"]})

	if ended, err := f.store.EndStalledSessions(t.Context(), time.Hour); err != nil || len(ended) != 0 {
		t.Errorf("EndStalledSessions(1h) = %v, %v, want none", ended, err)
	}
	ended, err := f.store.EndStalledSessions(t.Context(), 0)
	if diff := cmp.Diff([]int32{int32(stalled)}, ended); err != nil || diff != "" {
		t.Errorf("EndStalledSessions(0) = %v (-want +got):\n%s", err, diff)
	}
	f.await(t, `SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $1`, stalled)
	for name, pid := range others {
		if got := f.count(t, `SELECT count(*) FROM pg_stat_activity WHERE pid = $1`, pid); got != 1 {
			t.Errorf("%s: %d sessions are left, want 1", name, got)
		}
	}
}
