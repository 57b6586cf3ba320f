package load_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// things has rows that Postgres refuses for a reason of each kind: a check, a foreign key, a trigger, and
// NULL in a column without default. Numbers above 0 are drawn from the sequence.
const (
	thingsTable = `
CREATE TABLE makers (name TEXT PRIMARY KEY);
INSERT INTO makers VALUES ('acme');
CREATE TABLE things (
  id TEXT PRIMARY KEY, n INT CHECK (n > 0), need TEXT NOT NULL, maker TEXT REFERENCES makers, fixed TEXT DEFAULT 'std', note TEXT,
  number SERIAL, import_number BIGINT, import_row INT);
INSERT INTO things SELECT 'k' || n, 1, 'old', 'acme', 'old', 'old', -n, CASE n % 3 WHEN 0 THEN 9 WHEN 1 THEN 1 END, 1
FROM generate_series(1000, 1100) AS n;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.n = 13 THEN RAISE 'unlucky'; END IF; RETURN NEW; END $$;
CREATE TRIGGER refuse AFTER INSERT OR UPDATE ON things FOR EACH ROW EXECUTE FUNCTION refuse()`

	thingsSchema = `{"x-longshore": {"table": "things", "key": ["id"]}, "properties":
  {"id": {}, "n": {}, "need": {}, "maker": {}, "fixed": {}, "note": {}, "number": {}}}`

	thingsState = `SELECT id, n, need, maker, fixed, note, CASE WHEN number > 0 THEN 'drawn' ELSE number::text END AS number
FROM things ORDER BY id`
)

// randomThings returns records with so many keys, of which some are the same; with 0 keys, each has
// another key. Of the members other than the key,
// each may be absent or null, and bad percent are refused.
func randomThings(random *rand.Rand, count, firstKey, keys, bad int) []record {
	var records []record
	for row := range count {
		key := firstKey + row
		if keys > 0 {
			key = firstKey + random.IntN(keys)
		}
		members := []string{fmt.Sprintf(`"id":"k%d"`, key), `"need":"new"`}
		if random.IntN(4) == 0 {
			members = members[:1]
		}
		for _, name := range []string{"n", "maker", "fixed", "note", "number"} {
			value := map[string]string{"n": "5", "maker": `"acme"`, "number": fmt.Sprint(-200_000 - row)}[name]
			switch draw := random.IntN(100); {
			case draw < bad && name == "n":
				value = []string{"-1", "13"}[random.IntN(2)]
			case draw < bad && name == "maker":
				value = `"none"`
			case draw%3 == 0:
				continue
			case draw%10 == 0 && name != "number":
				value = "null"
			case value == "":
				value = fmt.Sprintf(`"v%d"`, row)
			}
			members = append(members, fmt.Sprintf("%q:%s", name, value))
		}
		records = append(records, record{row + 1, "{" + strings.Join(members, ",") + "}"})
	}
	return records
}

// uniformThings returns records with as many keys, which all have the same members. If bad is not 0, of so
// many records one is refused.
func uniformThings(count, firstKey, bad int) []record {
	var records []record
	for row := range count {
		n := 5
		if bad > 0 && row%bad == 0 {
			n = []int{-1, 13}[row%2]
		}
		records = append(records, record{row + 1, fmt.Sprintf(`{"id":"k%d","need":"uniform","n":%d,"number":%d}`, firstKey+row, n, -300_000-row)})
	}
	return records
}

// columnTrigger keeps Load from writing columns that only some records have with one statement.
const columnTrigger = `; CREATE TRIGGER note AFTER UPDATE OF note ON things FOR EACH ROW EXECUTE FUNCTION refuse()`

// TestLoadModesLikeOneByOne compares what Load writes and refuses with one statement for each record.
func TestLoadModesLikeOneByOne(t *testing.T) {
	t.Parallel()
	url := storetest.NewDatabase(t)
	for _, mode := range []collection.WriteMode{collection.Replace, collection.Merge, collection.Insert, collection.Update, collection.Delete} {
		for _, variant := range []string{"columns", "none", "columns with a column trigger", "none with a column trigger"} {
			t.Run(fmt.Sprint(mode, "/", variant), func(t *testing.T) {
				t.Parallel()
				ordering, _, isWatched := strings.Cut(variant, " ")
				tables := thingsTable
				if isWatched {
					tables += columnTrigger
				}
				seed := rand.Uint64()
				t.Logf("seed %d", seed)
				random := rand.New(rand.NewPCG(seed, 0))
				f := newSharedFixture(t, url, tables, strings.Replace(thingsSchema, `"key"`, `"ordering": "`+ordering+`", "key"`, 1))
				f.compareOneByOne(t, mode, 3, uniformThings(100, 1050, 0))
				if mode != collection.Replace { // whose upsert checks a record before it finds that it is superseded
					f.compareOneByOne(t, mode, 5, uniformThings(200, 1020, 7))
				}
				for i, r := range []struct{ count, firstKey, keys, bad int }{
					{100, 1000, 0, 0}, // all exist
					{100, 1000, 0, 2},
					{300, 1000, 100, 0},
					{300, 1000, 200, 2},
					{300, 2000, 100_000, 1}, // nearly all are new
					{300, 1050, 300, 50},
					{300, 300_000, 0, 0},
					{300, 1000, 20, 10},
				} {
					f.compareOneByOne(t, mode, int64(3+i%2), randomThings(random, r.count, r.firstKey, r.keys, r.bad))
					if t.Failed() {
						t.Fatalf("round %d: %+v", i, r)
					}
				}
			})
		}
	}
}

func (f *fixture) compareOneByOne(t *testing.T, mode collection.WriteMode, number int64, records []record) {
	t.Helper()
	records = f.addable(t, mode, records)
	tx, err := f.conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := f.writeOneByOne(t, tx, mode, number, records)
	rows := f.rows(t, thingsState)
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := f.loadAs(t, collection.Writing{Mode: mode}, number, records...)
	codes := make(map[string]string)
	for _, r := range got.Rejected {
		row, code, _ := strings.Cut(r, ":")
		codes[row] = code
	}
	outcomes := make(map[string]string)
	for _, o := range got.Outcomes {
		row, outcome, _ := strings.Cut(o, ":")
		outcomes[row] = outcome + codes[row]
	}
	if diff := cmp.Diff(want, outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	f.wantRows(t, thingsState, rows...)
}

// addable returns the records that Batch.Add accepts.
func (f *fixture) addable(t *testing.T, mode collection.WriteMode, records []record) []record {
	t.Helper()
	batch := f.table.NewBatch()
	if err := batch.SetWriting(collection.Writing{Mode: mode}); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(slices.Clone(records), func(r record) bool { return batch.Add(r.row, members(t, f.collection, r.json)) != nil })
}

// writeOneByOne writes the records in the order of keys, and returns the outcome and code of each row.
func (f *fixture) writeOneByOne(t *testing.T, tx pgx.Tx, mode collection.WriteMode, number int64, records []record) map[string]string {
	t.Helper()
	byKey := make(map[string][]record)
	for _, r := range records {
		byKey[string(members(t, f.collection, r.json)[0])] = append(byKey[string(members(t, f.collection, r.json)[0])], r)
	}
	outcomes := make(map[string]string)
	for _, same := range byKey {
		if mode == collection.Replace || mode == collection.Delete {
			f.writeLast(t, tx, mode, number, same, outcomes)
		} else {
			f.writeAll(t, tx, mode, number, same, outcomes)
		}
	}
	return outcomes
}

// writeLast writes the last of the records that is not refused.
func (f *fixture) writeLast(t *testing.T, tx pgx.Tx, mode collection.WriteMode, number int64, same []record, outcomes map[string]string) {
	t.Helper()
	settled := false
	for _, r := range slices.Backward(same) {
		outcome := operation.Superseded.String()
		if !settled {
			outcome = f.writeOne(t, tx, mode, number, r)
		}
		settled = settled || !strings.HasPrefix(outcome, "failed") || outcome == "failed"+load.CodeMissing
		outcomes[fmt.Sprint(r.row)] = outcome
	}
}

// writeAll writes the records one after the other. Only the last that is written counts.
func (f *fixture) writeAll(t *testing.T, tx pgx.Tx, mode collection.WriteMode, number int64, same []record, outcomes map[string]string) {
	t.Helper()
	written, created := "", false
	for _, r := range same {
		row := fmt.Sprint(r.row)
		outcomes[row] = f.writeOne(t, tx, mode, number, r)
		if outcomes[row] != "created" && outcomes[row] != "updated" {
			continue
		}
		created = created || outcomes[row] == "created"
		if written != "" {
			outcomes[written] = "superseded"
		}
		if written = row; created {
			outcomes[row] = "created"
		}
	}
}

// writeOne writes a record and returns its outcome, and the code of the reason if it is refused.
func (f *fixture) writeOne(t *testing.T, tx pgx.Tx, mode collection.WriteMode, number int64, r record) string {
	t.Helper()
	key := string(members(t, f.collection, r.json)[0])
	var found, later bool
	const find = "SELECT count(*) > 0, coalesce(bool_or((import_number, import_row) >= ($2, $3)), false) FROM things WHERE id = $1::jsonb #>> '{}'"
	if err := tx.QueryRow(t.Context(), find, key, number, r.row).Scan(&found, &later); err != nil {
		t.Fatal(err)
	}
	ordered := f.collection.Ordering == collection.OrderedByColumns
	outcome := operation.Updated.String()
	switch {
	case found && mode == collection.Insert:
		return "failed" + load.CodeExists
	case !found && !mode.Creates():
		return "failed" + load.CodeMissing
	case found && ordered && later:
		return operation.Superseded.String()
	case !found:
		outcome = operation.Created.String()
	}
	err := pgx.BeginFunc(t.Context(), tx, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), thingsStatement(t, mode, found, ordered, r.json), r.json, number, r.row)
		return err
	})
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return "failed" + map[string]string{
			"23502": load.CodeNotNull, "23503": load.CodeForeignKey, "23514": load.CodeCheck, "P0001": load.CodeUnspecified,
		}[refused.Code]
	}
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

// thingsStatement returns the statement that writes a record, which is its first parameter, with nothing
// but the members that it has.
func thingsStatement(t *testing.T, mode collection.WriteMode, found, ordered bool, object string) string {
	t.Helper()
	var present map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &present); err != nil {
		t.Fatal(err)
	}
	names, values := []string{"import_number", "import_row"}, []string{"$2::bigint", "$3::int"}
	for _, name := range []string{"id", "n", "need", "maker", "fixed", "note", "number"} {
		switch _, has := present[name]; {
		case has:
			names, values = append(names, name), append(values, "(jsonb_populate_record(NULL::things, $1))."+name)
		case found && mode == collection.Replace && name != "number":
			names, values = append(names, name), append(values, "DEFAULT")
		}
	}
	if !ordered {
		values[0], values[1] = "$2::bigint * NULL", "$3::int * NULL"
	}
	if mode == collection.Delete {
		return "DELETE FROM things WHERE id = $1::jsonb ->> 'id' AND $2::bigint IS NOT NULL AND $3::int IS NOT NULL"
	}
	if !found {
		return "INSERT INTO things (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")"
	}
	var list []string
	for i := range names {
		list = append(list, names[i]+" = "+values[i])
	}
	return "UPDATE things SET " + strings.Join(list, ", ") + " WHERE id = $1::jsonb ->> 'id'"
}
