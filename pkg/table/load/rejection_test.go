package load_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// TestLoadRejectsOnlyInvalidRows loads batches in which the price of some rows violates a
// constraint.
func TestLoadRejectsOnlyInvalidRows(t *testing.T) {
	t.Parallel()
	const size = 37
	url := storetest.NewDatabase(t)
	tests := map[string]func(row int) bool{
		"first": func(row int) bool { return row == 1 },
		"last":  func(row int) bool { return row == size },
		"many":  func(row int) bool { return row%3 == 0 || row%7 == 0 },
		"all":   func(int) bool { return true },
	}
	for name, bad := range tests {
		for method, conflict := range map[string]bool{"copy": false, "upsert": true} {
			t.Run(name+" "+method, func(t *testing.T) {
				t.Parallel()
				f := newSharedFixture(t, url, partsTable, partsSchema)
				good := "created"
				if conflict {
					exec(t, f.conn, "INSERT INTO parts (id) SELECT 'k' || n FROM generate_series(1, 37) n")
					good = "updated"
				}
				var records []record
				var outcomes, rejected []string
				for row := 1; row <= size; row++ {
					price, outcome := 1, good
					if bad(row) {
						price, outcome = -1, "failed"
						rejected = append(rejected, fmt.Sprintf("%d:check-violation", row))
					}
					records = append(records, record{row, fmt.Sprintf(`{"id":"k%d","price":%d}`, row, price)})
					outcomes = append(outcomes, fmt.Sprintf("%d:%s", row, outcome))
				}
				f.load(t, 1, records...).want(t, outcomes, rejected)
				f.wantRows(t, "SELECT count(*) FROM parts WHERE price = 1", fmt.Sprintf("(%d)", size-len(rejected)))
			})
		}
	}
}

// TestLoadRejectedRowSupersedesNothing loads rows with one key, of which Postgres rejects some.
func TestLoadRejectedRowSupersedesNothing(t *testing.T) {
	t.Parallel()
	url := storetest.NewDatabase(t)
	tests := map[string]struct {
		prices   []int
		exists   bool
		outcomes []string
		rejected []string
		kept     string
	}{
		"last rejected": {[]int{1, 2, -3}, false, []string{"1:superseded", "2:created", "3:failed"}, []string{"3:check-violation"}, "(a,2)"},
		"two rejected": {
			[]int{1, -2, -3},
			true,
			[]string{"1:updated", "2:failed", "3:failed"},
			[]string{"2:check-violation", "3:check-violation"},
			"(a,1)",
		},
		"all rejected":   {[]int{-1, -2}, true, []string{"1:failed", "2:failed"}, []string{"1:check-violation", "2:check-violation"}, "(a,100)"},
		"first rejected": {[]int{-1, 2}, true, []string{"1:superseded", "2:updated"}, nil, "(a,2)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newSharedFixture(t, url, partsTable, partsSchema)
			if tt.exists {
				exec(t, f.conn, "INSERT INTO parts (id, price) VALUES ('a', 100)")
			}
			records := []record{{100, `{"id":"0"}`}}
			for i, price := range tt.prices {
				records = append(records, record{i + 1, fmt.Sprintf(`{"id":"a","price":%d}`, price)})
			}
			records = append(records, record{101, `{"id":"b"}`})
			outcomes := append(append([]string{"100:created"}, tt.outcomes...), "101:created")
			f.load(t, 1, records...).want(t, outcomes, tt.rejected)
			f.wantRows(t, "SELECT id, price FROM parts ORDER BY id", "(0,)", tt.kept, "(b,)")
		})
	}
}

// TestLoadRowBeforeRejectedOneIsSuperseded rejects a row whose predecessor is older than the row of
// the table.
func TestLoadRowBeforeRejectedOneIsSuperseded(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable, partsSchema)
	f.load(t, 1, record{5, `{"id":"a","price":5}`})
	got := f.load(t, 1, record{2, `{"id":"a","price":2}`}, record{9, `{"id":"a","price":-9}`})
	got.want(t, []string{"2:superseded", "9:failed"}, []string{"9:check-violation"})
	f.wantRows(t, "SELECT id, price FROM parts", "(a,5)")
}

func TestLoadRejectionReasons(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable+`;
		CREATE TYPE mood AS ENUM ('calm'); CREATE DOMAIN few AS INT CHECK (VALUE < 50);
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		  IF NEW.price = 13 THEN RAISE EXCEPTION 'secret'; END IF; RETURN NEW; END $$;
		CREATE TRIGGER refuse BEFORE INSERT ON parts FOR EACH ROW EXECUTE FUNCTION refuse();
		ALTER TABLE parts ADD mood mood, ADD amount NUMERIC(4,1), ADD span TEXT, ADD hidden INT NOT NULL DEFAULT 1, ADD low few,
		  ADD start INT, ADD finish INT, ADD during INT4RANGE GENERATED ALWAYS AS (int4range(start, finish)) STORED, ADD CONSTRAINT price_serial CHECK (price <> serial - 1),
		  ADD CONSTRAINT apart EXCLUDE (span WITH =)`,
		strings.NewReplacer(`"maker":`, `"mood": {}, "low": {}, "start": {}, "finish": {}, "amount": {}, "span": {}, "maker":`, `"key"`, `"round": true, "key"`).Replace(partsSchema))
	f.load(t, 1, record{1, `{"id":"old","serial":1,"span":"secret"}`})
	tests := map[string]operation.Reason{
		`{"id":"x","price":0}`:             {Pointer: "/price", Code: "check-violation", Message: `the record does not satisfy the check constraint "price_positive"`},
		`{"id":"x","price":9,"serial":10}`: {Code: "check-violation", Message: `the record does not satisfy the check constraint "price_serial"`},
		`{"id":"x","low":60}`:              {Pointer: "/low", Code: "check-violation", Message: `the record does not satisfy the check constraint "few_check"`},
		`{"id":"x","start":5,"finish":3}`: {
			Code:    "refused-by-database",
			Message: "a value is not valid; of a range, the lower bound must not be above the upper one (SQLSTATE 22000)",
		},
		`{"id":"x","maker":"none"}`: {
			Code:    "foreign-key-violation",
			Message: `the row that the foreign key "known_maker" refers to does not exist`,
		},
		`{"id":"x","serial":1}`: {
			Code:    "unique-violation",
			Message: `another row holds the same value under the unique constraint "serial_unique"`,
		},
		`{"id":"x","span":"secret"}`: {Code: "exclusion-violation", Message: `another row conflicts under the exclusion constraint "apart"`},
		`{"id":"x","mood":"secret"}`: {Pointer: "/mood", Code: "invalid-value", Message: "the column's type mood needs one of its labels: calm"},
		`{"id":"x","amount":999.96}`: {Code: "value-out-of-range", Message: "a value is out of the range of its column"},
		`{"id":"x","price":13}`:      {Code: "refused-by-database", Message: "a trigger of the table refused the record: secret"},
		`{"id":"` + longKey() + `"}`: {Code: "refused-by-database", Message: "a value exceeds a limit of Postgres, most often because it is too long for an index:" +
			" shorten the values of indexed columns (SQLSTATE 54000)"},
	}
	for object, want := range tests {
		batch := f.table.NewBatch()
		f.add(t, batch, record{7, object}, record{8, `{"id":"neighbour"}`})
		result, err := loadBatch(t.Context(), f.conn, batch, 2)
		if err != nil {
			t.Errorf("Load(%.40s) error: %v", object, err)
			continue
		}
		if diff := cmp.Diff([]operation.Rejection{{Row: 7, Reasons: []operation.Reason{want}}}, result.Rejected); diff != "" {
			t.Errorf("Load(%.40s) rejections (-want +got):\n%s", object, diff)
		}
	}
	f.wantRows(t, "SELECT id FROM parts ORDER BY id", "(neighbour)", "(old)")
}

// longKey returns a key that is too long for an index, even compressed.
func longKey() string {
	var key strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&key, "%d", i*i*7919)
	}
	return key.String()
}

// TestLoadNotNullAddedLater adds a NOT NULL constraint after the table was described.
func TestLoadNotNullAddedLater(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable, partsSchema)
	exec(t, f.conn, "ALTER TABLE parts ALTER price SET NOT NULL")
	got := f.load(t, 1, record{1, `{"id":"a"}`}, record{2, `{"id":"b","price":1}`})
	got.want(t, []string{"1:failed", "2:created"}, []string{"1:not-null-violation"})
}

// TestLoadOtherUniqueIndex loads records that violate another unique constraint than that of the
// key.
func TestLoadOtherUniqueIndex(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable, partsSchema)
	f.load(t, 1, record{1, `{"id":"a","serial":1}`}, record{2, `{"id":"b","serial":2}`})
	got := f.load(t, 2,
		record{1, `{"id":"a","serial":1,"price":9}`}, // its own value
		record{2, `{"id":"c","serial":2}`},           // the value of b
		record{3, `{"id":"d","serial":3}`},
		record{4, `{"id":"e","serial":3}`}, // the value of d, in the same batch
	)
	got.want(t, []string{"1:updated", "2:failed", "3:created", "4:failed"}, []string{"2:unique-violation", "4:unique-violation"})
	f.wantRows(t, "SELECT id, serial, price FROM parts ORDER BY id", "(a,1,9)", "(b,2,)", "(d,3,)")
}

// TestLoadChecksDeferredConstraints checks that Load does not leave a violation to the commit,
// which would reject the whole batch.
func TestLoadChecksDeferredConstraints(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable+`; ALTER TABLE parts DROP CONSTRAINT known_maker,
		ADD CONSTRAINT later_maker FOREIGN KEY (maker) REFERENCES makers DEFERRABLE INITIALLY DEFERRED`, partsSchema)
	got := f.load(t, 1, record{1, `{"id":"a","maker":"none"}`}, record{2, `{"id":"b","maker":"acme"}`})
	got.want(t, []string{"1:failed", "2:created"}, []string{"1:foreign-key-violation"})
}

// TestLoadRejectionHidesOtherRows loads a record that conflicts with the secret value of another
// row.
func TestLoadRejectionHidesOtherRows(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable+
		`; CREATE UNIQUE INDEX lower_maker ON parts (lower(maker)); ALTER TABLE parts DROP CONSTRAINT known_maker`, partsSchema)
	f.load(t, 1, record{1, `{"id":"a","maker":"SECRET"}`})
	batch := f.table.NewBatch()
	f.add(t, batch, record{1, `{"id":"b","maker":"secret"}`})
	result, err := loadBatch(t.Context(), f.conn, batch, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(result.Rejected); !strings.Contains(got, "lower_maker") || strings.Contains(strings.ToLower(got), "secret") {
		t.Errorf("Load() rejected = %s, want the name of the index without the value", got)
	}
}
