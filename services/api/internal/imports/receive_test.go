package imports

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// source is a body of n records that ends with err.
type source struct {
	n, at int
	err   error
}

func (s *source) Next() ([]byte, error) {
	if s.at == s.n {
		return nil, s.err
	}
	s.at++
	return fmt.Appendf(nil, `{"n":%d}`, s.at), nil
}

// Digest says that nobody needs to know the body again.
func (s *source) Digest() ([]byte, error) { return nil, nil }

func (r *receiver) receiveNew(t *testing.T, from body) (*operation.Operation, error) {
	t.Helper()
	upload, err := r.store.NewUpload(draft())
	if err != nil {
		t.Fatal(err)
	}
	return r.receive(t.Context(), upload, from)
}

func setup(t *testing.T) (*receiver, *pgx.Conn) {
	t.Helper()
	url := storetest.NewDatabase(t)
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return &receiver{store: db, log: slog.New(slog.DiscardHandler), maxRows: 10, maxBytes: 1 << 20}, storetest.Connect(t, url)
}

func draft() store.Draft {
	return store.Draft{Reference: operation.NewReference(), Kind: operation.Import, Collection: "tools", Lanes: 4}
}

func count(t *testing.T, conn *pgx.Conn, query string) (n int) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestReceiveCutsAndSeals(t *testing.T) {
	t.Parallel()
	r, conn := setup(t)
	for records, chunks := range map[int]int{1: 1, 10: 1, 11: 2, 100: 10, 105: 11} {
		op, err := r.receiveNew(t, &source{n: records, err: io.EOF})
		if err != nil {
			t.Fatal(err)
		}
		if op.State != operation.Waiting || op.Counts.Total != records || op.Chunks != chunks {
			t.Errorf("%d records: %+v", records, op)
		}
		gapless := fmt.Sprintf(`SELECT count(*) FROM xforce.task_chunks WHERE task_id = '%s' AND first_row = seq * 10 + 1`, op.ID)
		if got := count(t, conn, gapless); got != chunks {
			t.Errorf("%d records: %d of %d chunks begin where they should", records, got, chunks)
		}
	}
}

func TestABrokenBodyLeavesNothing(t *testing.T) {
	t.Parallel()
	r, conn := setup(t)
	broken := fault.New(fault.Malformed, "malformed-json", "Broken.")
	for _, records := range []int{0, 5, 10, 11, 95} {
		if _, err := r.receiveNew(t, &source{n: records, err: broken}); !errors.Is(err, broken) {
			t.Errorf("broken after %d records: %v", records, err)
		}
	}
	if n := count(t, conn, `SELECT (SELECT count(*) FROM xforce.tasks) + (SELECT count(*) FROM xforce.task_chunks)`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

func TestABrokenDatabaseIsTheCause(t *testing.T) {
	t.Parallel()
	r, conn := setup(t)
	if _, err := conn.Exec(t.Context(), `ALTER TABLE xforce.task_chunks ADD CONSTRAINT few CHECK (seq < 3)`); err != nil {
		t.Fatal(err)
	}
	if _, err := r.receiveNew(t, &source{n: 100, err: io.EOF}); err == nil || fault.Of(err).Kind != fault.Internal {
		t.Errorf("staging a chunk that the database refuses: %v", err)
	}
	if n := count(t, conn, `SELECT count(*) FROM xforce.task_chunks`); n != 0 {
		t.Errorf("%d chunks are left", n)
	}
}
