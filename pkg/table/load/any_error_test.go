package load_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/operation"
)

// raisedCodes are SQLSTATEs that a trigger may raise for one row: of its own, of PL/pgSQL, of a missing
// privilege, of changed tables and of internal errors.
var raisedCodes = []string{
	"ST001", "P0001", "P0002", "P0003", "44000", "42501", "42883", "42P01", "42703", "0A000", "21000", "22012", "23505", "XX000", "01000",
	"02000", "38001", "39000",
}

// TestLoadAnyErrorFailsOneRecord loads a large batch with one bad record of each kind. Only the bad
// records fail, and each reason repeats the message of its trigger.
func TestLoadAnyErrorFailsOneRecord(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `CREATE TABLE notes (id INT PRIMARY KEY, code TEXT, import_number BIGINT, import_row INT);
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
		DECLARE n int;
		BEGIN
		  CASE NEW.code
		  WHEN 'assert' THEN ASSERT false, 'asserted';
		  WHEN 'strict' THEN SELECT id INTO STRICT n FROM notes WHERE id = -1;
		  WHEN 'divide' THEN n := 1 / (NEW.id - NEW.id);
		  WHEN 'function' THEN EXECUTE 'SELECT missing_function()';
		  WHEN 'drop' THEN RETURN NULL;
		  ELSE IF NEW.code <> 'ok' THEN RAISE EXCEPTION 'not % today', NEW.code USING ERRCODE = NEW.code; END IF;
		  END CASE;
		  RETURN NEW;
		END $$;
		CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION refuse()`,
		`{"x-longshore": {"table": "notes", "key": ["id"]}, "properties": {"id": {"type": "integer"}, "code": {"type": "string"}}}`)
	const count = 5000
	bad := make(map[int]string)
	for i, code := range append([]string{"assert", "strict", "divide", "function", "drop"}, raisedCodes...) {
		bad[101+200*i] = code
	}
	batch := f.table.NewBatch()
	for row := 1; row <= count; row++ {
		code := bad[row]
		if code == "" {
			code = "ok"
		}
		f.add(t, batch, record{row, fmt.Sprintf(`{"id":%d,"code":%q}`, row, code)})
	}
	result, err := loadBatch(t.Context(), f.conn, batch, 1)
	if err != nil {
		t.Fatalf("Load() error: %v", err)
	}
	for i, outcome := range result.Outcomes {
		want := operation.Created
		if bad[batch.Row(i)] != "" {
			want = operation.Rejected
		}
		if outcome != want {
			t.Errorf("outcome of row %d (%s) = %v, want %v", batch.Row(i), bad[batch.Row(i)], outcome, want)
		}
	}
	for _, r := range result.Rejected {
		if code := bad[r.Row]; len(code) == 5 && !strings.Contains(r.Reasons[0].Message, "not "+code+" today") {
			t.Errorf("reason of row %d (%s) = %q, want the trigger's message", r.Row, code, r.Reasons[0].Message)
		}
	}
	f.wantRows(t, "SELECT count(*) FROM notes", fmt.Sprintf("(%d)", count-len(bad)))
}

// TestLoadHidesTriggerMessages loads a record that a trigger refuses into a collection that hides the
// messages of triggers.
func TestLoadHidesTriggerMessages(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `CREATE TABLE notes (id INT PRIMARY KEY, import_number BIGINT, import_row INT);
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'secret'; END $$;
		CREATE TRIGGER refuse BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION refuse()`,
		`{"x-longshore": {"table": "notes", "key": ["id"], "hideTriggerMessages": true}, "properties": {"id": {"type": "integer"}}}`)
	batch := f.table.NewBatch()
	f.add(t, batch, record{1, `{"id":1}`})
	result, err := loadBatch(t.Context(), f.conn, batch, 1)
	if err != nil {
		t.Fatalf("Load() error: %v", err)
	}
	if got := fmt.Sprint(result.Rejected); !strings.Contains(got, "P0001") || strings.Contains(got, "secret") {
		t.Errorf("Load() rejected = %s, want the SQLSTATE without the message", got)
	}
}
