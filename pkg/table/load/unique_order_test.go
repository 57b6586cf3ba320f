package load_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/collection"
)

// TestLoadUniqueOrder: of new rows with the same value under a second unique key, the first record is written, whatever the order
// of their keys.
func TestLoadUniqueOrder(t *testing.T) {
	t.Parallel()
	const table = `CREATE TABLE members (id TEXT PRIMARY KEY, email TEXT UNIQUE, n INT, import_number BIGINT, import_row INT);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.n = 13 THEN RAISE EXCEPTION ''13''; END IF; RETURN NEW; END'`
	const schema = `{"x-longshore": {"table": "members", "key": ["id"]}, "properties": {"id": {}, "email": {}, "n": {}}}`
	const late = "; CREATE TRIGGER refuse AFTER INSERT ON members FOR EACH ROW EXECUTE FUNCTION refuse()"
	for name, tt := range map[string]struct {
		tables string
		others []record
		want   []string
	}{
		"alone":                        {"", nil, []string{"1:created", "2:failed", "3:failed", "4:created"}},
		"beside a row that is refused": {late, []record{{5, `{"id":"b","n":13}`}}, []string{"1:created", "2:failed", "3:failed", "4:created", "5:failed"}},
		"the first is refused":         {late, []record{{5, `{"id":"y","email":"y","n":13}`}, {6, `{"id":"c","email":"y"}`}}, []string{"1:created", "2:failed", "3:failed", "4:created", "5:failed", "6:created"}},
		"update of a row that exists": {
			"; INSERT INTO members VALUES ('e', 'old', 1, 1, 1)",
			[]record{{5, `{"id":"e","email":"new"}`}, {6, `{"id":"d","email":"new"}`}},
			[]string{"1:created", "2:failed", "3:failed", "4:created", "5:updated", "6:failed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, table+tt.tables, schema)
			records := append([]record{
				{1, `{"id":"z","email":"same"}`}, {2, `{"id":"a","email":"same"}`}, {3, `{"id":"m","email":"same"}`}, {4, `{"id":"k","email":"other"}`},
			}, tt.others...)
			if diff := cmp.Diff(tt.want, f.load(t, 2, records...).Outcomes); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLoadUniqueOrderOfModes is the same for modes in which no query finds the rows.
func TestLoadUniqueOrderOfModes(t *testing.T) {
	t.Parallel()
	for _, mode := range []collection.WriteMode{collection.Merge, collection.Insert, collection.Replace} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, `CREATE TABLE members (id TEXT PRIMARY KEY, email TEXT UNIQUE, n INT, import_number BIGINT, import_row INT)`,
				`{"x-longshore": {"table": "members", "key": ["id"]}, "properties": {"id": {}, "email": {}, "n": {}}}`)
			got := f.loadAs(t, collection.Writing{Mode: mode}, 1, record{1, `{"id":"z","email":"same"}`}, record{2, `{"id":"a","email":"same","n":1}`}, record{3, `{"id":"m"}`})
			got.want(t, []string{"1:created", "2:failed", "3:created"}, []string{"2:unique-violation"})
		})
	}
}
