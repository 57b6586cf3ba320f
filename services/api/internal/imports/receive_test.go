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
	"github.com/longshore-io/longshore/pkg/pgproxy"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// source yields n records and then err.
type source struct {
	n, read int
	err     error
}

func (s *source) Next() ([]byte, error) {
	if s.read == s.n {
		return nil, s.err
	}
	s.read++
	return fmt.Appendf(nil, `{"n":%d}`, s.read), nil
}

// Digest returns nil: the request need not be recognized again.
func (s *source) Digest() ([]byte, error) { return nil, nil }

// fixture is a receiver with a database, which it reaches through a fault proxy.
type fixture struct {
	receiver
	proxy *pgproxy.Postgres
	store *store.Store
	conn  *pgx.Conn
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	url := storetest.NewDatabase(t)
	proxy := pgproxy.StartPostgres(t, url, 1)
	db := storetest.Open(t, proxy.URL(), store.Options{})
	log := slog.New(slog.DiscardHandler)
	return &fixture{
		proxy:    proxy,
		receiver: receiver{log: log, drops: newDropper(log), maxRecords: 10, maxBytes: 1 << 20},
		store:    db, conn: storetest.Connect(t, url),
	}
}

func (f *fixture) receiveNew(t *testing.T, records identifiedRecords) (*operation.Operation, error) {
	t.Helper()
	upload, err := f.store.NewUpload(store.Draft{Reference: operation.NewReference(), Kind: operation.Import, Collection: "tools", Lanes: 4})
	if err != nil {
		t.Fatal(err)
	}
	return f.receive(t.Context(), upload, records)
}

func (f *fixture) count(t *testing.T, query string) (n int) {
	t.Helper()
	if err := f.conn.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestReceiveStagesChunks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for records, chunks := range map[int]int{1: 1, 10: 1, 11: 2, 100: 10, 105: 11} {
		t.Run(fmt.Sprintf("%d records", records), func(t *testing.T) {
			op, err := f.receiveNew(t, &source{n: records, err: io.EOF})
			if err != nil {
				t.Fatal(err)
			}
			if op.State != operation.Waiting {
				t.Errorf("State = %s, want %s", op.State, operation.Waiting)
			}
			if op.Counts.Total != records {
				t.Errorf("Counts.Total = %d, want %d", op.Counts.Total, records)
			}
			if op.Chunks != chunks {
				t.Errorf("Chunks = %d, want %d", op.Chunks, chunks)
			}
			consecutive := fmt.Sprintf(`SELECT count(*) FROM xforce.task_chunks WHERE task_id = '%s' AND first_row = seq * 10 + 1`, op.ID)
			if got := f.count(t, consecutive); got != chunks {
				t.Errorf("consecutive chunks = %d, want %d", got, chunks)
			}
		})
	}
}

func TestReceiveDropsAfterBodyError(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	want := fault.New(fault.Malformed, "malformed-json", "Broken.")
	for _, records := range []int{0, 5, 10, 11, 95} {
		if _, err := f.receiveNew(t, &source{n: records, err: want}); !errors.Is(err, want) {
			t.Errorf("after %d records: receive() error = %v, want %v", records, err, want)
		}
	}
	if n := f.count(t, `SELECT (SELECT count(*) FROM xforce.tasks) + (SELECT count(*) FROM xforce.task_chunks)`); n != 0 {
		t.Errorf("remaining rows = %d, want 0", n)
	}
}

func TestReceiveDropsAfterDatabaseError(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.conn.Exec(t.Context(), `ALTER TABLE xforce.task_chunks ADD CONSTRAINT few CHECK (seq < 3)`); err != nil {
		t.Fatal(err)
	}
	_, err := f.receiveNew(t, &source{n: 100, err: io.EOF})
	if err == nil {
		t.Fatal("receive() succeeded, want the database's error")
	}
	if got := fault.Of(err).Kind; got != fault.Internal {
		t.Errorf("receive() error %v has kind %v, want %v", err, got, fault.Internal)
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.task_chunks`); n != 0 {
		t.Errorf("remaining chunks = %d, want 0", n)
	}
}

// outage is a source during whose last record the database goes away.
type outage struct {
	source
	proxy *pgproxy.Postgres
}

func (o *outage) Next() ([]byte, error) {
	if o.read == o.n-1 {
		o.proxy.Refuse("57P03")
		o.proxy.Reset()
	}
	return o.source.Next()
}

// TestReceiveDropsAfterOutage: an upload that fails because the database is away is deleted when it
// is back, long before the janitor would delete it, so that the client can use its Operation-Id again.
func TestReceiveDropsAfterOutage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.receiveNew(t, &outage{source: source{n: 25, err: io.EOF}, proxy: f.proxy})
	if got := fault.Of(err).Kind; got != fault.Unavailable {
		t.Errorf("receive() error %v has kind %v, want %v", err, got, fault.Unavailable)
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.tasks`); n != 1 {
		t.Errorf("uploads during the outage = %d, want 1", n)
	}
	f.proxy.Restore()
	storetest.Await(t, f.conn, `SELECT count(*) = 0 FROM xforce.tasks`)
}
