package load_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// TestLoadMergeSelfReference merges records with the same keys into a tree in which parents come later.
// A record that waits for its parent is still applied before the next record with its key.
func TestLoadMergeSelfReference(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "CREATE TABLE tree (id TEXT PRIMARY KEY, parent TEXT REFERENCES tree, n INT, m INT); INSERT INTO tree VALUES ('old', NULL, 1)",
		`{"x-longshore": {"table": "tree", "key": ["id"], "ordering": "none", "write": "merge"}, "properties": {"id": {}, "parent": {}, "n": {}, "m": {}}}`)
	f.load(t, 1,
		record{1, `{"id":"a","parent":"z","n":1,"m":1}`}, record{2, `{"id":"a","n":2}`},
		record{3, `{"id":"b","parent":"none","n":1,"m":1}`}, record{4, `{"id":"b","n":2}`},
		record{5, `{"id":"old","parent":"b"}`}, record{6, `{"id":"z"}`},
	).want(t, []string{"1:superseded", "2:created", "3:failed", "4:created", "5:updated", "6:created"}, []string{"3:foreign-key-violation"})
	f.wantRows(t, "SELECT * FROM tree ORDER BY id", "(a,z,2,1)", "(b,,2,)", "(old,b,1,)", "(z,,,)")
	f.loadAs(t, collection.Writing{Mode: collection.Delete}, 2, record{1, `{"id":"b"}`}, record{2, `{"id":"old"}`}, record{3, `{"id":"z"}`}, record{4, `{"id":"none"}`}).
		want(t, []string{"1:updated", "2:updated", "3:failed", "4:failed"}, []string{"3:foreign-key-violation", "4:no-such-key"})
	f.wantRows(t, "SELECT * FROM tree ORDER BY id", "(a,z,2,1)", "(z,,,)")
}

// TestLoadModesWithDomains: a column of a domain that refuses NULL can be absent if the row exists.
func TestLoadModesWithDomains(t *testing.T) {
	t.Parallel()
	url := storetest.NewDatabase(t)
	for variant, extra := range map[string]string{"binary": "", "text": `, "extra": {}`} {
		for mode, want := range map[collection.WriteMode]loaded{
			collection.Merge:  {[]string{"1:updated", "2:failed", "3:created", "4:updated"}, []string{"2:not-null-violation"}},
			collection.Update: {[]string{"1:updated", "2:failed", "3:failed", "4:updated"}, []string{"2:no-such-key", "3:no-such-key"}},
			collection.Delete: {[]string{"1:updated", "2:failed", "3:failed", "4:updated"}, []string{"2:no-such-key", "3:no-such-key"}},
		} {
			t.Run(fmt.Sprint(variant, "/", mode), func(t *testing.T) {
				t.Parallel()
				hidden := map[bool]string{true: "", false: ", hidden filled"}[mode.Creates()]
				f := newSharedFixture(t, url, `CREATE DOMAIN filled AS TEXT NOT NULL CHECK (VALUE <> '');
					CREATE TABLE x (id INT PRIMARY KEY, code filled, n INT, extra INTERVAL`+hidden+`);
					INSERT INTO x SELECT n, 'old', 1 `+strings.Replace(hidden, ", hidden filled", ", NULL, 'h'", 1)+` FROM generate_series(1, 2) n`,
					`{"x-longshore": {"table": "x", "key": ["id"], "ordering": "none", "write": "`+string(mode)+`"}, "properties": {"id": {}, "code": {}, "n": {}`+extra+`}}`)
				f.load(t, 1, record{1, `{"id":1,"n":2}`}, record{2, `{"id":3,"n":2}`}, record{3, `{"id":4,"code":"new"}`}, record{4, `{"id":2,"code":"new"}`}).
					want(t, want.Outcomes, want.Rejected)
				rows := []string{"(1,old,2)", "(2,new,1)"}
				if mode.Creates() {
					rows = append(rows, "(4,new,)")
				}
				if mode == collection.Delete {
					rows = nil
				}
				f.wantRows(t, "SELECT id, code, n FROM x ORDER BY id", rows...)
			})
		}
	}
}

// TestLoadMergeWithChangingTrigger: a trigger changes the key to that of an existing row, of which absent
// members stay as they are.
func TestLoadMergeWithChangingTrigger(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `CREATE TABLE x (id TEXT PRIMARY KEY, n INT, m INT); INSERT INTO x VALUES ('a', 1, 1), ('b', 1, 1);
		CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id := lower(NEW.id); RETURN NEW; END $$;
		CREATE TRIGGER change BEFORE INSERT OR UPDATE ON x FOR EACH ROW EXECUTE FUNCTION change()`,
		`{"x-longshore": {"table": "x", "key": ["id"], "ordering": "none", "write": "merge"}, "properties": {"id": {}, "n": {}, "m": {}}}`)
	f.load(t, 1, record{1, `{"id":"A","n":2}`}, record{2, `{"id":"B","m":2}`}, record{3, `{"id":"C","m":2}`}).
		want(t, []string{"1:updated", "2:updated", "3:created"}, nil)
	f.wantRows(t, "SELECT id, n, m FROM x ORDER BY id", "(a,2,1)", "(b,1,2)", "(c,,2)")
}

// TestLoadMergeUnusualColumns merges into columns with names that SQL and PL/pgSQL use, or that need
// quotes, by each way: one upsert and, beside a record that is refused, row by row.
func TestLoadMergeUnusualColumns(t *testing.T) {
	t.Parallel()
	url := storetest.NewDatabase(t)
	for way, refused := range map[string]int{"upsert": 0, "row by row": 1} {
		for _, mode := range []collection.WriteMode{collection.Merge, collection.Update, collection.Delete} {
			t.Run(fmt.Sprint(way, "/", mode), func(t *testing.T) {
				t.Parallel()
				f := newSharedFixture(t, url, `CREATE TABLE odd (gone INT, "given" TEXT, "it's 100%d ""x""" INT, old INT CHECK (old > 0), existing INT, i INT DEFAULT 7,
					  twice INT GENERATED ALWAYS AS (existing * 2) STORED, row_place UUID, id INT GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (row_place, "given"));
					ALTER TABLE odd DROP gone;
					INSERT INTO odd ("given", "it's 100%d ""x""", old, existing, i, row_place) SELECT 'k', 1, 1, 1, 1, ('00000000-0000-0000-0000-00000000000' || n)::uuid FROM generate_series(1, 3) n`,
					`{"x-longshore": {"table": "odd", "key": ["given", "row_place"], "ordering": "none"}, "properties":
					{"given": {}, "it's 100%d \"x\"": {}, "old": {}, "existing": {}, "i": {}, "row_place": {}}}`)
				var records []record
				for n, member := range []string{`"it's 100%d \"x\"":5`, `"old":6`, `"existing":7,"i":null`, `"old":8,"existing":8`} {
					records = append(records, record{n + 1, fmt.Sprintf(`{"given":"k","row_place":"00000000-0000-0000-0000-00000000000%d",%s}`, n+1, member)})
				}
				if refused > 0 {
					records = append(records, record{5, `{"given":"l","row_place":"00000000-0000-0000-0000-000000000005","old":-1}`})
				}
				got := f.loadAs(t, collection.Writing{Mode: mode}, 1, records...)
				if len(got.Rejected) != refused+map[bool]int{true: 0, false: 1}[mode.Creates()] {
					t.Errorf("rejected = %v, want %d and the new keys", got.Rejected, refused)
				}
				rows := []string{"(k,5,1,1,1,2,1)", "(k,1,6,1,1,2,2)", "(k,1,1,7,,14,3)"}
				if mode.Creates() {
					rows = append(rows, "(k,,8,8,7,16,4)")
				}
				if mode == collection.Delete {
					rows = nil
				}
				f.wantRows(t, `SELECT "given", "it's 100%d ""x""", old, existing, i, twice, CASE WHEN id > 3 THEN 4 ELSE id END AS id FROM odd ORDER BY row_place`, rows...)
			})
		}
	}
}
