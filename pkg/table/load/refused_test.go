package load_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// refusedTable has a constraint of every kind that Load evaluates for all rows at once.
const (
	refusedTable = `
CREATE TYPE mood AS ENUM ('calm', 'tense');
CREATE DOMAIN percent AS INT CHECK (VALUE BETWEEN 0 AND 100) CONSTRAINT "not 13%" CHECK (VALUE <> 13);
CREATE DOMAIN few AS percent CHECK (VALUE < 50);
CREATE FUNCTION raises(n INT) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN IF n = 6 THEN RAISE EXCEPTION 'six'; END IF; RETURN n <> 7; END $$;
CREATE TABLE makers (name TEXT PRIMARY KEY, country TEXT, UNIQUE (country, name));
INSERT INTO makers VALUES ('a', 'x'), ('b', 'x'), ('c', 'y');
CREATE TABLE goods (
  id INT PRIMARY KEY, price INT CONSTRAINT positive CHECK (price > 0), cost INT, low few, mood mood, amount NUMERIC(3,1),
  maker TEXT REFERENCES makers, country TEXT, serial INT UNIQUE, label TEXT, tags TEXT[] CHECK (cardinality(tags) < 3),
  hidden TEXT DEFAULT 'set' CHECK (hidden IS NOT NULL), twice INT GENERATED ALWAYS AS (price * 2) STORED CHECK (twice < 1000),
  import_number BIGINT, import_row INT,
  CONSTRAINT "a 100% ""margin""" CHECK (cost IS NULL OR price > cost),
  CONSTRAINT whole FOREIGN KEY (country, maker) REFERENCES makers (country, name) MATCH FULL);
INSERT INTO goods (id, price, maker, country, import_number, import_row)
  SELECT n, 1, 'a', 'x', CASE n % 3 WHEN 0 THEN 1 WHEN 1 THEN 9 END, 1 FROM generate_series(1, 40) n;
UPDATE goods SET serial = id + 100, cost = -1 WHERE id % 2 = 0;
ALTER TABLE goods ADD CONSTRAINT raising CHECK (raises(cost)) NOT VALID;
CREATE UNIQUE INDEX label_key ON goods (lower(label), price) WHERE label <> 'free'`

	refusedSchema = `{"x-longshore": {"table": "goods", "key": ["id"], "round": true}, "properties": {"id": {}, "price": {}, "cost": {}, "low": {}, "mood": {},
  "amount": {}, "maker": {}, "country": {}, "serial": {}, "label": {}, "tags": {}}}`
)

// randomGoods returns a record with the key, of which each member is invalid with some probability.
func randomGoods(random *rand.Rand, key int) string {
	members := []string{fmt.Sprintf(`"id":%d`, key), fmt.Sprintf(`"serial":%d`, 100+random.IntN(150))}
	add := func(name, good string, bad ...string) {
		value := good
		if random.IntN(25) == 0 {
			value = bad[random.IntN(len(bad))]
		}
		members = append(members, fmt.Sprintf("%q:%s", name, value))
	}
	add("price", "5", "0", "-1", "null")
	add("cost", "null", "1", "5", "6", "7")
	add("low", "7", "13", "60", "101", "-1", "null")
	add("mood", `"calm"`, `"furious"`, "null")
	add("amount", "1.25", "99.99", "-99.95", "99.94")
	add("maker", `"a"`, `"none"`, "null", `"c"`)
	add("country", `"x"`, `"none"`, "null")
	add("label", `"free"`, `"A"`, `"a"`, "null")
	add("tags", `["a"]`, `["a","b","c"]`, "[]")
	return "{" + strings.Join(members, ",") + "}"
}

// TestLoadRefusesLikePostgres compares the outcome of each record, and the reason why it was refused,
// with what Postgres answers to one INSERT for each record. The records are in the order of their keys.
func TestLoadRefusesLikePostgres(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	f := newFixture(t, refusedTable, refusedSchema)
	for round := range 8 {
		var records []record
		for row := range 60 {
			records = append(records, record{row + 1, randomGoods(random, row+1)})
		}
		tx, err := f.conn.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := insertEach(t, tx, records)
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		batch := f.table.NewBatch()
		f.add(t, batch, records...)
		result, err := loadBatch(t.Context(), f.conn, batch, 5)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, explained(batch, result), cmp.FilterValues(bothViolated, cmp.Ignore())); diff != "" {
			t.Fatalf("round %d: Load() (-want +got):\n%s", round, diff)
		}
		exec(t, f.conn, "DELETE FROM goods WHERE import_number = 5 AND id % 4 = 0")
	}
}

// bothViolated reports whether a record is refused because of a unique key and, in the other result,
// because of a unique or foreign key that Postgres would have checked later. A unique value is only
// evidence if no record of the batch can give it up.
func bothViolated(x, y string) bool {
	isUnique := func(s string) bool { return strings.HasPrefix(s, load.CodeUnique) }
	isForeign := func(s string) bool { return strings.HasPrefix(s, load.CodeForeignKey) }
	return isUnique(x) && (isUnique(y) || isForeign(y)) || isForeign(x) && isUnique(y)
}

// explained returns the outcome of each record, and the message of each that was refused.
func explained(batch *load.Batch, result load.Result) map[int]string {
	all := make(map[int]string)
	for i, o := range result.Outcomes {
		all[batch.Row(i)] = o.String()
	}
	for _, r := range result.Rejected {
		all[r.Row] = r.Reasons[0].Code + " " + r.Reasons[0].Pointer + " " + r.Reasons[0].Message
	}
	return all
}

// insertEach inserts the records of goods one by one, in the order of their keys, as import 5.
func insertEach(t *testing.T, tx pgx.Tx, records []record) map[int]string {
	t.Helper()
	const insert = `
INSERT INTO goods AS old (id, price, cost, low, mood, amount, maker, country, serial, label, tags, import_number, import_row)
SELECT id, price, cost, low, mood, amount, maker, country, serial, label, tags, 5, $2
FROM jsonb_to_record($1) AS r (id INT, price INT, cost INT, low few, mood mood, amount NUMERIC(3,1), maker TEXT, country TEXT, serial INT, label TEXT, tags TEXT[])
ON CONFLICT (id) DO UPDATE SET price = EXCLUDED.price, cost = EXCLUDED.cost, low = EXCLUDED.low, mood = EXCLUDED.mood, amount = EXCLUDED.amount,
  maker = EXCLUDED.maker, country = EXCLUDED.country, serial = EXCLUDED.serial, label = EXCLUDED.label, tags = EXCLUDED.tags,
  import_number = EXCLUDED.import_number, import_row = EXCLUDED.import_row
WHERE old.import_number IS NULL OR (old.import_number, old.import_row) < (5, $2)
RETURNING old.xmax = 0`
	sorted := slices.Clone(records)
	slices.SortFunc(sorted, func(x, y record) int { return keyOf(t, x) - keyOf(t, y) })
	outcomes := make(map[int]string)
	for _, r := range sorted {
		outcomes[r.row], _ = insertOne(t, tx, insert, r.json, r.row)
	}
	return outcomes
}

// insertOne inserts a record and returns its outcome, or the reason why it was refused. The statement
// returns whether the row is new.
func insertOne(t *testing.T, tx pgx.Tx, sql string, args ...any) (outcome string, accepted bool) {
	t.Helper()
	var created []bool
	err := pgx.BeginFunc(t.Context(), tx, func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), sql, args...)
		if err != nil {
			return err
		}
		created, err = pgx.CollectRows(rows, pgx.RowTo[bool])
		return err
	})
	refused, isRefused := errors.AsType[*pgconn.PgError](err)
	switch {
	case isRefused:
		return postgresReason(refused), false
	case err != nil:
		t.Fatal(err)
	case len(created) == 0:
		return operation.Superseded.String(), true
	case created[0]:
		return operation.Created.String(), true
	}
	return operation.Updated.String(), true
}

// postgresReason returns the documented reason for an error of Postgres.
func postgresReason(refused *pgconn.PgError) string {
	constraint := `"` + refused.ConstraintName + `"`
	switch refused.Code {
	case "23503":
		return "foreign-key-violation  the row that the foreign key " + constraint + " refers to does not exist"
	case "23505":
		return "unique-violation  another row holds the same value under the unique constraint " + constraint
	case "23514":
		pointers := map[string]string{
			"positive": "/price", "price_positive": "/price", "percent_check": "/low", "not 13%": "/low", "few_check": "/low", "goods_tags_check": "/tags", "raising": "/cost",
		}
		return "check-violation " + pointers[refused.ConstraintName] + " the record does not satisfy the check constraint " + constraint
	case "23P01":
		return "exclusion-violation  another row conflicts under the exclusion constraint " + constraint
	case "22003":
		return "value-out-of-range  a value is out of the range of its column"
	}
	if refused.Code == "22P02" {
		return "invalid-value /mood the column's type mood needs one of its labels: calm, tense"
	}
	if refused.Routine == "exec_stmt_raise" {
		return "refused-by-database  a trigger of the table refused the record: " + refused.Message
	}
	return "refused-by-database  the table refused the record (SQLSTATE " + refused.Code + ")"
}

func keyOf(t *testing.T, r record) (key int) {
	t.Helper()
	if _, err := fmt.Sscanf(r.json, `{"id":%d,`, &key); err != nil {
		t.Fatal(err)
	}
	return key
}

// TestLoadFindsRefusedRowsFirst loads two chunks of invalid records of each kind. For the second,
// Load knows that records are refused, and must not write any of those.
func TestLoadFindsRefusedRowsFirst(t *testing.T) {
	t.Parallel()
	const rows = 100
	url := storetest.NewDatabase(t)
	for _, kind := range refusals {
		if kind.name == "good" {
			continue
		}
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			f := newSharedFixture(t, url, partsTable+";"+kind.tables, partsSchema)
			for chunk := range 2 {
				batch := f.table.NewBatch()
				for n := chunk * rows; n < (chunk+1)*rows; n++ {
					f.add(t, batch, record{n + 1, kind.record(n)})
				}
				var before, written int
				var result load.Result
				err := pgx.BeginFunc(t.Context(), f.conn, func(tx pgx.Tx) (err error) {
					const sql = "SELECT pg_stat_get_xact_tuples_inserted('parts'::regclass) + pg_stat_get_xact_tuples_updated('parts'::regclass)"
					if err := tx.QueryRow(t.Context(), sql).Scan(&before); err != nil {
						return err
					}
					if result, err = batch.Load(t.Context(), tx, 1); err != nil {
						return err
					}
					return tx.QueryRow(t.Context(), sql).Scan(&written)
				})
				if err != nil {
					t.Fatal(err)
				}
				written -= before
				if good := rows - len(result.Rejected); chunk == 1 && written != good {
					t.Errorf("rows written = %d, want only the %d valid ones", written, good)
				}
				if len(result.Rejected) == 0 {
					t.Error("no record was rejected, want some")
				}
			}
		})
	}
}

// TestLoadSelfReference loads a tree in which children come before their parents, beside records of
// which only Postgres itself finds that they are refused.
func TestLoadSelfReference(t *testing.T) {
	t.Parallel()
	records := []record{
		{1, `{"id":"a","maker":"z"}`},
		{2, `{"id":"b","maker":"a"}`},
		{3, `{"id":"c","maker":"c"}`},
		{4, `{"id":"d","maker":"none"}`},
		{5, `{"id":"e","maker":"d"}`},
		{6, `{"id":"f","maker":"e","price":5}`},
		{7, `{"id":"z"}`},
		{8, `{"id":"g"}`},
		{9, `{"id":"g","maker":"none"}`},
	}
	outcomes := []string{
		"1:created", "2:created", "3:created", "4:failed", "5:failed", "6:failed", "7:created", "8:created", "9:failed",
	}
	for name, refused := range map[string]bool{"alone": false, "beside a record that a trigger refuses": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, partsTable+`; ALTER TABLE parts DROP CONSTRAINT known_maker, ADD FOREIGN KEY (maker) REFERENCES parts;
				CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.price = 13 THEN RAISE EXCEPTION ''13''; END IF; RETURN NEW; END';
				CREATE TRIGGER refuse AFTER INSERT ON parts FOR EACH ROW EXECUTE FUNCTION refuse()`, partsSchema)
			all, want := slices.Clone(records), slices.Clone(outcomes)
			if refused {
				all, want = append(all, record{10, `{"id":"m","price":13}`}), append(want, "10:failed")
			}
			if diff := cmp.Diff(want, f.load(t, 1, all...).Outcomes); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLoadWritesOneByOne loads records that a trigger refuses between valid ones, some of which
// depend on the order in which they are written.
func TestLoadWritesOneByOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable+`;
		INSERT INTO parts (id, serial, import_number, import_row) SELECT 'k' || n, n, CASE n % 5 WHEN 0 THEN 9 ELSE 1 END, 1 FROM generate_series(1000, 1099) n;
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.price = 13 THEN RAISE EXCEPTION ''13''; END IF; RETURN NEW; END';
		CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON parts FOR EACH ROW EXECUTE FUNCTION refuse()`, partsSchema)
	var records []record
	var outcomes []string
	for n := 1000; n < 1200; n++ { // each record takes the serial that the one before it has given up
		row, serial, outcome := n-999, n-1, "updated"
		switch {
		case n == 1000:
			serial = 5000
		case n%7 == 0:
			serial, outcome = n, "failed"
		case n%5 == 0 && n < 1100:
			outcome = "superseded"
		case n > 1000 && (n-1)%7 == 0 || (n-1)%5 == 0 && n <= 1100 && n != 1001:
			serial, outcome = 10000+n, "updated"
		}
		if outcome == "updated" && n >= 1100 {
			outcome = "created"
		}
		price := 1
		if outcome == "failed" {
			price = 13
		}
		if n == 1000 {
			outcome = "superseded"
		}
		if n == 1001 {
			serial = 5001
		}
		records = append(records, record{row, fmt.Sprintf(`{"id":"k%d","serial":%d,"price":%d}`, n, serial, price)})
		outcomes = append(outcomes, fmt.Sprintf("%d:%s", row, outcome))
	}
	if diff := cmp.Diff(outcomes, f.load(t, 2, records...).Outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}
