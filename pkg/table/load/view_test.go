package load_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/table/load"
)

const (
	// joinedView is a view of two tables, which INSTEAD OF triggers write. They drop a record whose n is 0 and refuse 13.
	joinedView = `
CREATE TABLE people (id INT PRIMARY KEY, name TEXT CHECK (name <> 'no'));
CREATE TABLE cities (id INT PRIMARY KEY REFERENCES people ON DELETE CASCADE, city TEXT);
CREATE VIEW x AS SELECT p.id, p.name, c.city FROM people p LEFT JOIN cities c ON c.id = p.id;
CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'DELETE' THEN DELETE FROM people WHERE id = OLD.id; RETURN OLD; END IF;
  IF NEW.city = 'raise' THEN RAISE 'there is no such city'; END IF;
  IF NEW.city = 'drop' THEN RETURN NULL; END IF;
  IF TG_OP = 'INSERT' THEN INSERT INTO people VALUES (NEW.id, NEW.name); ELSE UPDATE people SET name = NEW.name WHERE id = OLD.id; END IF;
  INSERT INTO cities VALUES (NEW.id, NEW.city) ON CONFLICT (id) DO UPDATE SET city = NEW.city;
  RETURN NEW;
END $$;
CREATE TRIGGER put INSTEAD OF INSERT OR UPDATE OR DELETE ON x FOR EACH ROW EXECUTE FUNCTION put();
INSERT INTO x VALUES (1, 'a', 'Bonn'), (2, 'b', 'Ulm')`

	// ruledView is the same view with rules.
	ruledView = `
CREATE TABLE people (id INT PRIMARY KEY, name TEXT CHECK (name <> 'no'));
CREATE TABLE cities (id INT PRIMARY KEY REFERENCES people ON DELETE CASCADE, city TEXT CHECK (city <> 'raise'));
CREATE VIEW x AS SELECT p.id, p.name, c.city FROM people p LEFT JOIN cities c ON c.id = p.id;
CREATE RULE "create" AS ON INSERT TO x DO INSTEAD (INSERT INTO people SELECT NEW.id, NEW.name WHERE NEW.city <> 'drop' OR NEW.city IS NULL;
  INSERT INTO cities SELECT NEW.id, NEW.city WHERE NEW.city <> 'drop' OR NEW.city IS NULL);
CREATE RULE change AS ON UPDATE TO x DO INSTEAD (UPDATE cities SET city = NEW.city WHERE id = OLD.id AND NEW.city <> 'drop';
  UPDATE people SET name = NEW.name WHERE id = OLD.id AND NEW.city <> 'drop');
CREATE RULE remove AS ON DELETE TO x DO INSTEAD DELETE FROM people WHERE id = OLD.id;
INSERT INTO x VALUES (1, 'a', 'Bonn'), (2, 'b', 'Ulm')`
)

// TestLoadViews loads records into views that only triggers or rules can write.
func TestLoadViews(t *testing.T) {
	t.Parallel()
	url := storetest.NewDatabase(t)
	for view, tables := range map[string]string{"INSTEAD OF triggers": joinedView, "rules": ruledView} {
		for mode, tt := range map[collection.WriteMode]struct{ outcomes, rejected, rows []string }{
			collection.Replace: {
				[]string{"1:superseded", "2:updated", "3:created", "4:failed", "5:failed", "6:failed", "7:failed", "8:created"},
				[]string{"4:REFUSED", "5:refused-by-database", "6:check-violation", "7:refused-by-database"},
				[]string{"(1,,Rom)", "(2,b,Ulm)", "(3,c,Köln)", "(7,g,Jena)"},
			},
			collection.Merge: {
				[]string{"1:superseded", "2:updated", "3:created", "4:failed", "5:failed", "6:failed", "7:failed", "8:created"},
				[]string{"4:REFUSED", "5:refused-by-database", "6:check-violation", "7:refused-by-database"},
				[]string{"(1,new,Rom)", "(2,b,Ulm)", "(3,c,Köln)", "(7,g,Jena)"},
			},
			collection.Insert: {
				[]string{"1:failed", "2:failed", "3:created", "4:failed", "5:failed", "6:failed", "7:failed", "8:created"},
				[]string{"1:already-exists", "2:already-exists", "4:REFUSED", "5:refused-by-database", "6:check-violation", "7:already-exists"},
				[]string{"(1,a,Bonn)", "(2,b,Ulm)", "(3,c,Köln)", "(7,g,Jena)"},
			},
			collection.Update: {
				[]string{"1:superseded", "2:updated", "3:failed", "4:failed", "5:failed", "6:failed", "7:failed", "8:failed"},
				[]string{"3:no-such-key", "4:no-such-key", "5:no-such-key", "6:no-such-key", "7:refused-by-database", "8:no-such-key"},
				[]string{"(1,new,Rom)", "(2,b,Ulm)"},
			},
			collection.Delete: {
				[]string{"1:superseded", "2:updated", "3:failed", "4:failed", "5:failed", "6:failed", "7:updated", "8:failed"},
				[]string{"3:no-such-key", "4:no-such-key", "5:no-such-key", "6:no-such-key", "8:no-such-key"},
				nil,
			},
		} {
			t.Run(fmt.Sprint(view, "/", mode), func(t *testing.T) {
				t.Parallel()
				f := newSharedFixture(t, url, tables, `{"x-longshore": {"table": "x", "key": ["id"], "ordering": "none"}, "properties": {"id": {}, "name": {}, "city": {}}}`)
				refused := map[string]string{"INSTEAD OF triggers": load.CodeUnspecified, "rules": load.CodeCheck}[view]
				var rejected []string
				for _, r := range tt.rejected {
					rejected = append(rejected, strings.Replace(r, "REFUSED", refused, 1))
				}
				f.loadAs(t, collection.Writing{Mode: mode}, 1, record{1, `{"id":1,"name":"new"}`}, record{2, `{"id":1,"city":"Rom"}`},
					record{3, `{"id":3,"name":"c","city":"Köln"}`}, record{4, `{"id":4,"city":"raise"}`}, record{5, `{"id":5,"city":"drop"}`},
					record{6, `{"id":6,"name":"no"}`}, record{7, `{"id":2,"city":"drop"}`}, record{8, `{"id":7,"name":"g","city":"Jena"}`}).
					want(t, tt.outcomes, rejected)
				f.wantRows(t, "SELECT * FROM x ORDER BY id", tt.rows...)
			})
		}
	}
}

// TestLoadFilteredView: a record that the view would not show, and one whose key belongs to a row that the view does not
// show, fail alone.
func TestLoadFilteredView(t *testing.T) {
	t.Parallel()
	url := storetest.NewDatabase(t)
	for _, mode := range []collection.WriteMode{collection.Replace, collection.Merge, collection.Insert} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			f := newSharedFixture(t, url, `CREATE TABLE notes (id INT PRIMARY KEY, org TEXT, note TEXT); INSERT INTO notes VALUES (1, 'theirs', 'secret');
CREATE VIEW x AS SELECT * FROM notes WHERE org = 'ours' WITH CHECK OPTION`,
				`{"x-longshore": {"table": "x", "key": ["id"], "ordering": "none"}, "properties": {"id": {}, "org": {}, "note": {}}}`)
			f.loadAs(t, collection.Writing{Mode: mode}, 1, record{1, `{"id":1,"org":"ours","note":"stolen"}`}, record{2, `{"id":2,"org":"theirs"}`}, record{3, `{"id":3,"org":"ours"}`}).
				want(t, []string{"1:failed", "2:failed", "3:created"}, []string{"1:unique-violation", "2:check-violation"})
			f.wantRows(t, "SELECT * FROM notes ORDER BY id", "(1,theirs,secret)", "(3,ours,)")
		})
	}
}

// TestLoadWithoutPartition: a record for which there is no partition fails alone, and so does one that does not belong
// into the only partition that the collection uses.
func TestLoadWithoutPartition(t *testing.T) {
	t.Parallel()
	url := storetest.NewDatabase(t)
	const tables = `CREATE TABLE whole (day INT, id INT, note TEXT, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
CREATE TABLE first PARTITION OF whole FOR VALUES FROM (0) TO (10); CREATE TABLE second PARTITION OF whole FOR VALUES FROM (10) TO (20); INSERT INTO whole VALUES (1, 999, 'old')`
	for table, bad := range map[string]int{"whole": 20, "first": 10} {
		for _, mode := range []collection.WriteMode{collection.Replace, collection.Merge, collection.Insert} {
			t.Run(fmt.Sprint(table, "/", mode), func(t *testing.T) {
				t.Parallel()
				f := newSharedFixture(t, url, tables, `{"x-longshore": {"table": "`+table+`", "key": ["id", "day"], "ordering": "none"}, "properties": {"day": {}, "id": {}, "note": {}}}`)
				var records []record
				for row := 1; row <= 500; row++ {
					day := row % bad
					if row == 250 {
						day = bad
					}
					records = append(records, record{row, fmt.Sprintf(`{"day":%d,"id":%d}`, day, row)})
				}
				for range 2 {
					got := f.loadAs(t, collection.Writing{Mode: mode}, 1, records...)
					if want := "250:" + load.CodeNoPartition; len(got.Rejected) == 0 || !strings.Contains(strings.Join(got.Rejected, " "), want) || mode != collection.Insert && len(got.Rejected) > 1 {
						t.Errorf("rejected = %v, want %s", got.Rejected, want)
					}
				}
				f.wantRows(t, "SELECT count(*) FROM whole", "(500)")
			})
		}
	}
}
