package history_test

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

var (
	days  = flag.Int("days", 7, "days of work that TestTablesStaySteady simulates")
	daily = flag.Int("daily", 100, "operations of each day")
	// vacuum is off if the server's own autovacuum is to be tried, with a short autovacuum_naptime.
	vacuum = flag.Bool("vacuum", true, "vacuum the tables at the end of each day")
)

// tables are those of Longshore that grow with the number of operations.
var tables = append([]string{"upload_parts", "upload_pieces"}, largeTables...)

// TestTablesStaySteady accepts, processes, expires, purges and deletes as many operations on each of
// seven days. The tables and their indexes must not be larger on the last day than on the second.
//
// By hand, with the server's own autovacuum:
//
//	make test ARGS='-v -timeout 60m -run TestTablesStaySteady ./e2e/history -daily 1500 -vacuum=false'
func TestTablesStaySteady(t *testing.T) {
	url := storetest.NewDatabase(t)
	d := driver{Store: storetest.Open(t, url, store.Options{Application: store.ImporterSessions, MaxConns: 6}), sql: storetest.Connect(t, url)}
	var second map[string]int64
	for day := 1; day <= *days; day++ {
		d.day(t, day)
		sizes := d.sizes(t)
		t.Logf("day %d: %v", day, sizes)
		if day == 2 {
			second = sizes
		}
		if day < *days {
			continue
		}
		for table, size := range sizes {
			if limit := second[table]*5/4 + slack(); size > limit {
				t.Errorf("%s has %d bytes on day %d, want at most %d (%d on day 2)", table, size, day, limit, second[table])
			}
		}
	}
}

// slack is how many bytes a table may grow beside a quarter. Autovacuum comes at any time, and to large
// values after some megabytes.
func slack() int64 {
	if *vacuum {
		return 64 << 10
	}
	return 32 << 20
}

// day is a day of work, at the end of which everything is deleted.
func (d driver) day(t *testing.T, day int) {
	t.Helper()
	each := func(started time.Time) string {
		return fmt.Sprintf("%.2f ms", float64(time.Since(started).Microseconds())/1000/float64(*daily))
	}
	started := time.Now()
	d.work(t)
	worked, started := each(started), time.Now()
	d.untilNone(t, func(ctx context.Context) (int, error) { expired, err := d.Expire(ctx, 500); return len(expired), err })
	expired, started := each(started), time.Now()
	d.untilNone(t, d.purgeGroup)
	purged, started := each(started), time.Now()
	d.untilNone(t, func(ctx context.Context) (int, error) { return d.DeleteExpired(ctx, 0, 500) })
	deleted, started := each(started), time.Now()
	if *vacuum {
		for _, table := range tables {
			exec(t, d.sql, "VACUUM xforce."+table)
		}
	}
	t.Logf("day %d: an operation took %s, its expiry %s, its purge %s, its deletion %s, the vacuum %s",
		day, worked, expired, purged, deleted, each(started))
	if left := d.number(t, `SELECT count(*) FROM xforce.tasks`); left != 0 {
		t.Errorf("%d operations are left at the end of day %d, want none", left, day)
	}
}

// untilNone repeats work until it returns 0.
func (d driver) untilNone(t *testing.T, work func(context.Context) (int, error)) {
	t.Helper()
	for {
		n, err := work(t.Context())
		mustNot(t, err)
		if n == 0 {
			return
		}
	}
}

func (d driver) purgeGroup(ctx context.Context) (int, error) {
	group, err := d.Purgeable(ctx, uuid.Nil, 100)
	if err != nil || len(group) == 0 {
		return 0, err
	}
	for {
		if n, err := d.Purge(ctx, group); err != nil || n == 0 {
			return len(group), err
		}
	}
}

// work processes a day's operations, four at a time: imports of three chunks, searches, and uploads
// in parts.
func (d driver) work(t *testing.T) {
	t.Helper()
	numbers := make(chan int)
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for i := range numbers {
				if err := d.finish(t.Context(), i); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range *daily {
		numbers <- i
	}
	close(numbers)
	workers.Wait()
}

// finish accepts and finishes one operation, which expires immediately.
func (d driver) finish(ctx context.Context, i int) error {
	from := draft(operation.Import)
	from.PollWithin, from.Retention = 0, time.Microsecond
	switch {
	case i%10 == 0:
		from.Kind = operation.Search
		return d.search(ctx, from)
	case i%25 == 1:
		return d.abortParts(ctx, from)
	}
	from.Request = nil
	u, err := d.NewUpload(from)
	if err != nil {
		return err
	}
	const chunks = 3
	for seq := range chunks - 1 {
		if err := u.Stage(ctx, packed(seq)); err != nil {
			return err
		}
	}
	op, err := u.Seal(ctx, packed(chunks-1))
	if err != nil {
		return err
	}
	for seq := range chunks {
		if err := d.step(ctx, job.Chunk{OperationID: op.ID, Seq: seq}); err != nil {
			return err
		}
	}
	return nil
}

func (d driver) step(ctx context.Context, c job.Chunk) error {
	if _, err := d.BeginAttempt(ctx, c, operation.Import); err != nil {
		return err
	}
	_, err := d.RunStep(ctx, c, func(_ context.Context, s *store.Step) (store.Effect, error) {
		return store.Effect{
			Outcomes:   []operation.Outcome{operation.Created, operation.Rejected},
			Rejections: []operation.Rejection{{Row: s.FirstRow + 1, Received: []byte(`{}`), Reasons: []operation.Reason{{Code: "x", Message: "x"}}}},
		}, nil
	})
	return err
}

func (d driver) search(ctx context.Context, from store.Draft) error {
	op, err := d.Accept(ctx, from)
	if err != nil {
		return err
	}
	c := job.Chunk{OperationID: op.ID}
	for seq := range 5 {
		if _, err := d.BeginAttempt(ctx, c, op.Kind); err != nil {
			return err
		}
		_, err := d.RunResumable(ctx, c, func(ctx context.Context, s *store.ResumableStep) (store.Progress, error) {
			block := store.OutputBlock{Seq: seq, Rows: 1, Offset: int64(seq) * 10_000, Bytes: random(10_000)}
			return store.Progress{Done: seq == 4, Progress: seq * 20}, s.Append(ctx, store.RowsStage, block)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// abortParts sends a part twice and aborts the upload.
func (d driver) abortParts(ctx context.Context, from store.Draft) error {
	u, err := d.BeginMultipart(ctx, from, time.Hour)
	if err != nil {
		return err
	}
	for range 2 {
		w, err := d.NewPart(u.ID, 1)
		if err != nil {
			return err
		}
		if err := w.Append(ctx, random(100_000)); err != nil {
			return err
		}
		if _, err := w.Commit(ctx, []byte("digest"), 1<<20, time.Hour); err != nil {
			return err
		}
		if err := w.Discard(ctx); err != nil {
			return err
		}
	}
	return d.DropMultipart(ctx, u)
}

// random returns n bytes that can't be compressed.
func random(n int) []byte {
	bytes := make([]byte, n)
	_, _ = rand.Read(bytes)
	return bytes
}

// sizes returns the bytes of each table with its indexes and its large values.
func (d driver) sizes(t *testing.T) map[string]int64 {
	t.Helper()
	sizes := make(map[string]int64)
	for _, table := range tables {
		sizes[table] = d.number(t, `SELECT pg_total_relation_size(('xforce.' || $1)::regclass)`, table)
	}
	return sizes
}

// number runs a query that returns one number.
func (d driver) number(t *testing.T, query string, args ...any) int64 {
	t.Helper()
	rows, err := d.sql.Query(t.Context(), query, args...)
	mustNot(t, err)
	n, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64])
	mustNot(t, err)
	return n
}
