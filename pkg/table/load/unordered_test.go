package load_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/table/load"
)

// unordered returns a schema or tables of ordered rows in their form without bookkeeping columns.
func unordered(text string) string {
	text = strings.Replace(text, `"key"`, `"ordering": "none", "key"`, 1)
	return strings.NewReplacer(",\n  import_number  BIGINT,\n  import_row     INT", "", ", import_number BIGINT, import_row INT", "").Replace(text)
}

// TestLoadUnordered: a table without bookkeeping columns is loaded as it is. The last row that is written
// stays, whatever the number of its import.
func TestLoadUnordered(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unordered(partsTable), unordered(partsSchema))
	f.load(t, 7, record{1, `{"id":"a","price":1}`}, record{2, `{"id":"b","price":2}`}, record{3, `{"id":"a","price":3}`}).
		want(t, []string{"1:superseded", "2:created", "3:created"}, nil)
	f.load(t, 5, record{1, `{"id":"a","price":4}`}, record{2, `{"id":"c","price":5}`}).want(t, []string{"1:updated", "2:created"}, nil)
	f.load(t, 8, record{1, `{"id":"a","price":-1}`}, record{2, `{"id":"d","maker":"nobody"}`}, record{3, `{"id":"b","price":6}`}, record{4, `{"id":"c","serial":1}`},
		record{5, `{"id":"e","serial":1}`}).
		want(t, []string{"1:failed", "2:failed", "3:updated", "4:updated", "5:failed"}, []string{"1:check-violation", "2:foreign-key-violation", "5:unique-violation"})
	f.wantRows(t, "SELECT id, price, serial FROM parts ORDER BY id", "(a,4,)", "(b,6,)", "(c,,1)")
}

// TestLoadUnorderedTriggers: rows that a trigger drops are rejected, and those that it changes are written.
func TestLoadUnorderedTriggers(t *testing.T) {
	t.Parallel()
	const tables = `
CREATE TABLE parts (id TEXT PRIMARY KEY, price INT);
CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.price = 0 THEN RETURN NULL; END IF;
  IF NEW.price = 13 THEN RAISE 'not thirteen'; END IF;
  NEW.id := lower(NEW.id);
  RETURN NEW;
END $$;
CREATE TRIGGER change BEFORE INSERT OR UPDATE ON parts FOR EACH ROW EXECUTE FUNCTION change()`
	const schema = `{"x-longshore": {"table": "parts", "key": ["id"], "ordering": "none"}, "properties": {"id": {}, "price": {}}}`
	f := newFixture(t, tables, schema)
	for number := range int64(2) {
		var records []record
		var outcomes, rejected []string
		for row := 1; row <= 300; row++ {
			price, outcome, code := row+100, map[int64]string{0: "created", 1: "updated"}[number], ""
			switch {
			case row%50 == 0:
				price, outcome, code = 0, "failed", load.CodeUnspecified
			case row%70 == 0:
				price, outcome, code = 13, "failed", load.CodeUnspecified
			}
			records = append(records, record{row, fmt.Sprintf(`{"id":"ID-%03d","price":%d}`, row, price)})
			outcomes = append(outcomes, fmt.Sprintf("%d:%s", row, outcome))
			if code != "" {
				rejected = append(rejected, fmt.Sprintf("%d:%s", row, code))
			}
		}
		f.load(t, number+1, records...).want(t, outcomes, rejected)
	}
	f.wantRows(t, "SELECT count(*), count(*) FILTER (WHERE id = lower(id)) FROM parts", "(290,290)")
}

// TestLoadUnorderedKeyOnly: a table with nothing but a key.
func TestLoadUnorderedKeyOnly(t *testing.T) {
	t.Parallel()
	const schema = `{"x-longshore": {"table": "marks", "key": ["a", "b"], "ordering": "none"}, "properties": {"a": {}, "b": {}}}`
	f := newFixture(t, "CREATE TABLE marks (b INT, a TEXT, PRIMARY KEY (a, b))", schema)
	f.load(t, 1, record{1, `{"a":"x","b":1}`}, record{2, `{"a":"x","b":2}`}, record{3, `{"a":"x","b":1}`}).want(t, []string{"1:superseded", "2:created", "3:created"}, nil)
	f.load(t, 2, record{1, `{"a":"x","b":1}`}, record{2, `{"a":"y","b":1}`}).want(t, []string{"1:updated", "2:created"}, nil)
	f.wantRows(t, "SELECT a, b FROM marks ORDER BY a, b", "(x,1)", "(x,2)", "(y,1)")
}

// TestLoadAnyIdentifier: names with capitals, blanks, quotes and reserved words.
func TestLoadAnyIdentifier(t *testing.T) {
	t.Parallel()
	const tables = `
CREATE SCHEMA "Sales Dept";
CREATE TABLE "Sales Dept"."Order ""Items""" (
  "ID" INT PRIMARY KEY, "select" TEXT CHECK ("select" <> 'no'), "we""ird %s" INT UNIQUE, "naïve.name" TEXT DEFAULT 'x');
INSERT INTO "Sales Dept"."Order ""Items""" VALUES (1, 'old', 9)`
	const schema = `{"x-longshore": {"table": "\"Sales Dept\".\"Order \"\"Items\"\"\"", "key": ["ID"], "ordering": "none"},
  "properties": {"ID": {}, "select": {}, "we\"ird %s": {}, "naïve.name": {}}}`
	f := newFixture(t, tables, schema)
	f.load(t, 1, record{1, `{"ID":1,"select":"new","we\"ird %s":1}`}, record{2, `{"ID":2,"select":"no"}`}, record{3, `{"ID":3,"we\"ird %s":1}`},
		record{4, `{"ID":4,"naïve.name":"ü"}`}).
		want(t, []string{"1:updated", "2:failed", "3:failed", "4:created"}, []string{"2:check-violation", "3:unique-violation"})
	f.wantRows(t, `TABLE "Sales Dept"."Order ""Items""" ORDER BY "ID"`, "(1,new,1,x)", "(4,,,ü)")
}
