package duty

import (
	"log/slog"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// fixture is a test database with a Store and a plain connection.
type fixture struct {
	db  *store.Store
	sql *pgx.Conn
	url string
	log *slog.Logger
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	url := storetest.NewDatabase(t)
	db := storetest.Open(t, url, store.Options{Application: t.Name(), MaxConns: 4})
	return fixture{db: db, sql: storetest.Connect(t, url), url: url, log: slog.New(slog.DiscardHandler)}
}

func (f fixture) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	storetest.Exec(t, f.sql, statement, args...)
}

// count runs a query that returns one number.
func (f fixture) count(t *testing.T, query string, args ...any) int {
	t.Helper()
	return storetest.Number(t, f.sql, query, args...)
}

// lock locks the rows of a query by another session until the test ends.
func (f fixture) lock(t *testing.T, query string, args ...any) {
	t.Helper()
	tx, err := storetest.Connect(t, f.url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), query+" FOR UPDATE", args...); err != nil {
		t.Fatal(err)
	}
}

// failDeletes makes every DELETE of an operation's rows from the table fail.
func (f fixture) failDeletes(t *testing.T, table string, id uuid.UUID) {
	t.Helper()
	f.exec(t, `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$`)
	f.exec(t, `CREATE TRIGGER fail BEFORE DELETE ON xforce.`+table+` FOR EACH ROW WHEN (OLD.task_id = '`+id.String()+`') EXECUTE FUNCTION fail()`)
}

// upload stages one chunk of an upload that is not sealed, and returns its id.
func (f fixture) upload(t *testing.T) uuid.UUID {
	t.Helper()
	u, err := f.db.NewUpload(store.Draft{Reference: operation.NewReference(), Kind: operation.Import, Collection: "tools", Lanes: 3})
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Stage(t.Context(), chunk.Chunk{FirstRow: 1, Rows: 1, Payload: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	return u.ID()
}

// accept accepts a search and returns its id.
func (f fixture) accept(t *testing.T) uuid.UUID {
	t.Helper()
	return storetest.Accept(t, f.db, operation.Search, "tools", `{}`).ID
}

// insertFinished inserts n finished searches, and sets further columns of them as given.
func (f fixture) insertFinished(t *testing.T, n int, set string) {
	t.Helper()
	f.exec(t, `
INSERT INTO xforce.tasks (task_id, task_reference, kind, status, number, sealed_at, finished_at, retention)
SELECT gen_random_uuid(), 'new' || i, 'search', 'succeeded', nextval('xforce.task_numbers'), now(), now(), '1 hour' FROM generate_series(1, $1) AS i`, n)
	f.exec(t, `UPDATE xforce.tasks SET task_reference = task_id::text::varchar(32), `+set+` WHERE task_reference LIKE 'new%'`)
}
