package load_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// auditedTables are parts whose accepted rows a trigger records, and rows that exist.
const auditedTables = partsTable + `; ALTER TABLE parts DROP CONSTRAINT serial_unique;
	INSERT INTO parts (id, price, serial, import_number, import_row)
	  SELECT 'k' || n, 1, 1000 + n, CASE n % 3 WHEN 0 THEN 1 WHEN 1 THEN 9 END, 1 FROM generate_series(1000, 1040) n;
	CREATE TABLE audit (id TEXT, price INT);
	CREATE FUNCTION record() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO audit VALUES (NEW.id, NEW.price); RETURN NEW; END';
	CREATE TRIGGER a_record AFTER INSERT OR UPDATE ON parts FOR EACH ROW EXECUTE FUNCTION record();`

// TestLoadWalksLikePostgres compares what Load writes, refuses and leaves in the tables with one
// INSERT for each record, where only Postgres itself finds what it refuses.
func TestLoadWalksLikePostgres(t *testing.T) {
	t.Parallel()
	url := storetest.NewDatabase(t)
	for name, tables := range map[string]string{
		"trigger before":   refusePrice + beforeTrigger,
		"trigger after":    refusePrice + afterTrigger,
		"deferred trigger": refusePrice + deferredTrigger,
		"changing trigger": "CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.price = NEW.price - 13; RETURN NEW; END';" +
			"CREATE TRIGGER change BEFORE INSERT OR UPDATE ON parts FOR EACH ROW EXECUTE FUNCTION change()",
		"exclusion":           "ALTER TABLE parts ADD CONSTRAINT apart EXCLUDE (serial WITH =)",
		"exclusion of ranges": "ALTER TABLE parts ADD EXCLUDE USING gist (int4range(serial, serial + 3) WITH &&) WHERE (price BETWEEN 12 AND 15)",
		"deferred unique":     "ALTER TABLE parts ADD UNIQUE (serial) DEFERRABLE INITIALLY DEFERRED; " + refusePrice + beforeTrigger,
		"unreadable values": `CREATE FUNCTION lucky(n INT) RETURNS boolean VOLATILE LANGUAGE plpgsql AS 'BEGIN RETURN n <> 13; END';
			CREATE DOMAIN filled AS INT CHECK (lucky(VALUE)); ALTER TABLE parts ALTER price TYPE filled;
			CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
			'BEGIN NEW.id = coalesce(NEW.id, ''unnamed''); RETURN NEW; END'; ` + beforeTrigger,
		"count of the rows": `CREATE FUNCTION count_rows() RETURNS trigger LANGUAGE plpgsql AS
			'BEGIN IF (SELECT count(*) FROM parts WHERE serial = NEW.serial) > 2 THEN RAISE ''full''; END IF; RETURN NEW; END';
			CREATE TRIGGER z_count AFTER INSERT OR UPDATE ON parts FOR EACH ROW EXECUTE FUNCTION count_rows()`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			random := rand.New(rand.NewPCG(seed, 0))
			f := newSharedFixture(t, url, auditedTables+tables, partsSchema)
			for number, bad := range []int{2, 50, 97, 50} {
				f.compareWithInserts(t, int64(5+number), randomParts(random, bad))
			}
		})
	}
}

// randomParts returns records of which some have the same key and bad percent have a price or serial
// number that is refused.
func randomParts(random *rand.Rand, bad int) []record {
	var records []record
	for row := range 200 {
		price, serial := 14+random.IntN(3), fmt.Sprint(10_000+row)
		if random.IntN(100) < bad {
			price, serial = 13, fmt.Sprint(random.IntN(10))
		}
		records = append(records, record{row + 1, fmt.Sprintf(`{"id":"k%d","price":%d,"serial":%s}`, 1000+random.IntN(150), price, serial)})
	}
	return records
}

// compareWithInserts inserts the records one by one, rolls back, loads them, and compares the outcomes
// and the tables.
func (f *fixture) compareWithInserts(t *testing.T, number int64, records []record) {
	t.Helper()
	const state = "SELECT * FROM parts ORDER BY id"
	const audit = "SELECT id, price, count(*) FROM audit GROUP BY id, price ORDER BY id, price"
	tx, err := f.conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	outcomes := f.insertByKey(t, tx, number, records)
	rows, audited := f.rows(t, state), f.rows(t, audit)
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	batch := f.table.NewBatch()
	f.add(t, batch, records...)
	result, err := loadBatch(t.Context(), f.conn, batch, number)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(outcomes, explained(batch, result)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	f.wantRows(t, state, rows...)
	f.wantRows(t, audit, audited...)
}

// insertByKey inserts the last record of each key, in the order of keys; if it is refused, the record
// before.
func (f *fixture) insertByKey(t *testing.T, tx pgx.Tx, number int64, records []record) map[int]string {
	t.Helper()
	byKey := make(map[string][]record)
	for _, r := range records {
		key := string(members(t, f.collection, r.json)[0])
		byKey[key] = append(byKey[key], r)
	}
	if _, err := tx.Exec(t.Context(), "SET CONSTRAINTS ALL IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	const insert = `
INSERT INTO parts AS old (id, price, serial, maker, import_number, import_row)
SELECT id, price, serial, maker, $2, $3 FROM jsonb_to_record($1) AS r (id TEXT, price INT, serial INT, maker TEXT)
ON CONFLICT (id) DO UPDATE SET price = EXCLUDED.price, serial = EXCLUDED.serial, maker = EXCLUDED.maker,
  import_number = EXCLUDED.import_number, import_row = EXCLUDED.import_row
WHERE old.import_number IS NULL OR (old.import_number, old.import_row) < ($2, $3)
RETURNING old.xmax = 0`
	outcomes := make(map[int]string)
	for key := range 150 {
		settled := false
		same := byKey[fmt.Sprintf(`"k%d"`, 1000+key)]
		for _, r := range slices.Backward(same) {
			if settled {
				outcomes[r.row] = operation.Superseded.String()
				continue
			}
			outcomes[r.row], settled = insertOne(t, tx, insert, r.json, number, r.row)
		}
	}
	return outcomes
}

// TestLoadTriggerDecidesOtherwise loads records that a trigger refuses or not by something else than
// the record, so that what was accepted once may be refused when it is written again.
func TestLoadTriggerDecidesOtherwise(t *testing.T) {
	t.Parallel()
	f := newFixture(t, auditedTables+`CREATE SEQUENCE calls;
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF nextval(''calls'') % 3 = 0 THEN RAISE ''third''; END IF; RETURN NEW; END';`+
		beforeTrigger, partsSchema)
	var records []record
	for n := range 200 {
		records = append(records, record{n + 1, fmt.Sprintf(`{"id":"n%d"}`, n)})
	}
	batch := f.table.NewBatch()
	f.add(t, batch, records...)
	result, err := loadBatch(t.Context(), f.conn, batch, 5)
	if err != nil {
		t.Fatal(err)
	}
	created := 0
	for _, o := range result.Outcomes {
		if o == operation.Created {
			created++
		}
	}
	if created == 0 || created+len(result.Rejected) != len(records) {
		t.Errorf("%d records were created and %d rejected, want %d together", created, len(result.Rejected), len(records))
	}
	f.wantRows(t, "SELECT count(*), count(DISTINCT id) FROM audit", fmt.Sprintf("(%d,%d)", created, created))
	f.wantRows(t, "SELECT count(*) FROM parts WHERE import_number = 5", fmt.Sprintf("(%d)", created))
}

// TestLoadTriggerMakesParents loads records whose parent is made by the trigger of another one, beside
// a record without a parent.
func TestLoadTriggerMakesParents(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable+`;
		CREATE FUNCTION make() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO makers VALUES (NEW.id) ON CONFLICT DO NOTHING; RETURN NEW; END';
		CREATE TRIGGER make AFTER INSERT OR UPDATE ON parts FOR EACH ROW EXECUTE FUNCTION make()`, partsSchema)
	for number := int64(1); number < 3; number++ { // of the second batch Load expects refused records
		prefix := string(rune('a' + number))
		f.load(t, 1,
			record{1, fmt.Sprintf(`{"id":"%s1","maker":"acme"}`, prefix)},
			record{2, fmt.Sprintf(`{"id":"%s2","maker":"%[1]s1"}`, prefix)},
			record{3, fmt.Sprintf(`{"id":"%s3"}`, prefix)},
			record{4, fmt.Sprintf(`{"id":"%s3","maker":"none"}`, prefix)},
			record{5, fmt.Sprintf(`{"id":"%s4","maker":"%[1]s3"}`, prefix)},
		).want(t, []string{"1:created", "2:created", "3:created", "4:failed", "5:created"}, []string{"4:foreign-key-violation"})
	}
}

// TestLoadWalksUnusualColumns loads records that a trigger refuses into a table whose columns have names
// that SQL and PL/pgSQL use, or that need quotes.
func TestLoadWalksUnusualColumns(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `CREATE TABLE odd (gone INT, "given" TEXT PRIMARY KEY, "it's 100%d ""x""" INT, accepted INT, outcomes INT, i INT DEFAULT 7,
		  import_row INT, twice INT GENERATED ALWAYS AS (accepted * 2) STORED, import_number BIGINT);
		ALTER TABLE odd DROP gone;
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.accepted = 13 THEN RAISE ''13''; END IF; RETURN NEW; END';
		CREATE TRIGGER refuse AFTER INSERT ON odd FOR EACH ROW EXECUTE FUNCTION refuse()`,
		`{"x-longshore": {"table": "odd", "key": ["given"]}, "properties": {"given": {}, "it's 100%d \"x\"": {}, "accepted": {}, "outcomes": {}}}`)
	for number := int64(1); number < 3; number++ {
		var records []record
		var outcomes []string
		for n := range 80 {
			price, outcome := 1, "created"
			if n%2 == 0 {
				price, outcome = 13, "failed"
			}
			records = append(records, record{n + 1, fmt.Sprintf(`{"given":"%d %02d","it's 100%%d \"x\"":5,"accepted":%d,"outcomes":3}`, number, n, price)})
			outcomes = append(outcomes, fmt.Sprintf("%d:%s", n+1, outcome))
		}
		if diff := cmp.Diff(outcomes, f.load(t, 1, records...).Outcomes); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
	}
	f.wantRows(t, `SELECT count(*), sum("it's 100%d ""x"""), sum(twice), sum(i), sum(outcomes) FROM odd`, "(80,400,160,560,240)")
}
