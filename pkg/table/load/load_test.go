package load_test

import (
	"fmt"
	"testing"

	"github.com/longshore-io/longshore/pkg/table/load"
)

func TestNewKeysAreCreated(t *testing.T) {
	t.Parallel()
	b := setup(t, partsTable, partsSchema)
	got := b.load(t, 1, rec{1, `{"id":"b","price":2}`}, rec{2, `{"id":"a","price":1}`})
	got.want(t, []string{"1:created", "2:created"}, nil)
	b.wantRows(t, "SELECT * FROM parts ORDER BY id", "(a,1,,,1,2)", "(b,2,,,1,1)")
}

func TestEmptyBatchDoesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, partsTable, partsSchema)
	b.load(t, 1).want(t, nil, nil)
}

func TestKnownKeysAreReplacedAsAWhole(t *testing.T) {
	t.Parallel()
	b := setup(t, partsTable, partsSchema)
	b.load(t, 1, rec{1, `{"id":"a","price":1,"serial":5}`})
	got := b.load(t, 2, rec{1, `{"id":"a","price":2}`}, rec{2, `{"id":"b"}`})
	got.want(t, []string{"1:updated", "2:created"}, nil)
	b.wantRows(t, "SELECT * FROM parts ORDER BY id", "(a,2,,,2,1)", "(b,,,,2,2)")
}

func TestLaterRowWins(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		number  int64
		row     int
		outcome string
		kept    string
	}{
		"later_import":              {6, 1, "updated", "(a,2,,,6,1)"},
		"earlier_import":            {4, 99, "superseded", "(a,1,,,5,10)"},
		"later_row_of_the_import":   {5, 11, "updated", "(a,2,,,5,11)"},
		"earlier_row_of_the_import": {5, 9, "superseded", "(a,1,,,5,10)"},
		"same_row":                  {5, 10, "superseded", "(a,1,,,5,10)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, partsTable, partsSchema)
			b.load(t, 5, rec{10, `{"id":"a","price":1}`})
			got := b.load(t, tt.number, rec{tt.row, `{"id":"a","price":2}`})
			got.want(t, []string{fmt.Sprintf("%d:%s", tt.row, tt.outcome)}, nil)
			b.wantRows(t, "SELECT * FROM parts", tt.kept)
		})
	}
}

func TestRowsThatNoImportWroteAreOlder(t *testing.T) {
	t.Parallel()
	b := setup(t, partsTable, partsSchema)
	exec(t, b.conn, "INSERT INTO parts (id, import_number, import_row) VALUES ('a', NULL, NULL), ('b', 9, NULL), ('c', NULL, 9)")
	got := b.load(t, 1, rec{1, `{"id":"a"}`}, rec{2, `{"id":"b"}`}, rec{3, `{"id":"c"}`})
	got.want(t, []string{"1:updated", "2:updated", "3:updated"}, nil)
	b.wantRows(t, "SELECT import_number, import_row FROM parts ORDER BY id", "(1,1)", "(1,2)", "(1,3)")
}

func TestLastOfABatchWins(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]bool{"new_key": false, "known_key": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, partsTable, partsSchema)
			last := "5:created"
			if known {
				b.load(t, 1, rec{1, `{"id":"a"}`})
				last = "5:updated"
			}
			got := b.load(t, 2, rec{3, `{"id":"a","price":3}`}, rec{5, `{"id":"a","price":5}`},
				rec{4, `{"id":"a","price":4}`}, rec{6, `{"id":"b","price":6}`})
			got.want(t, []string{"3:superseded", last, "4:superseded", "6:created"}, nil)
			b.wantRows(t, "SELECT id, price FROM parts ORDER BY id", "(a,5)", "(b,6)")
		})
	}
}

// TestKeysThatDifferOnlyInWhereTheirColumnsEnd has keys whose texts joined are the same.
func TestKeysThatDifferOnlyInWhereTheirColumnsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t, `CREATE TABLE pairs (v INT, x TEXT, y TEXT, import_number BIGINT, import_row INT, PRIMARY KEY (x, y))`,
		`{"x-longshore": {"table": "pairs", "key": ["y", "x"]}, "properties": {"v": {}, "x": {}, "y": {}}}`)
	got := b.load(t, 1, rec{1, `{"x":"ab","y":"c"}`}, rec{2, `{"x":"a","y":"bc"}`}, rec{3, `{"x":"","y":"abc"}`},
		rec{4, `{"x":"ab","y":"c","v":4}`})
	got.want(t, []string{"1:superseded", "2:created", "3:created", "4:created"}, nil)
	got = b.load(t, 2, rec{1, `{"x":"a","y":"bc","v":1}`}, rec{2, `{"x":"bc","y":"a","v":2}`})
	got.want(t, []string{"1:updated", "2:created"}, nil)
	b.wantRows(t, `SELECT v, x, y FROM pairs ORDER BY x COLLATE "C", y COLLATE "C"`,
		`(,"",abc)`, "(1,a,bc)", "(4,ab,c)", "(2,bc,a)")
}

func TestNamesAreQuoted(t *testing.T) {
	t.Parallel()
	b := setup(t, `CREATE SCHEMA "select"; CREATE TABLE "select"."order" ("user" TEXT PRIMARY KEY, "Mixed Case" INT, "a""b" INT,
		"table" INT DEFAULT 7, "existing" INT, "incoming" INT, import_number BIGINT, import_row INT)`,
		`{"x-longshore": {"table": "select.order", "key": ["user"]}, "properties":
		 {"incoming": {}, "a\"b": {}, "user": {}, "Mixed Case": {}, "existing": {}}}`)
	b.load(t, 1, rec{1, `{"user":"u","Mixed Case":1,"a\"b":2,"existing":3,"incoming":4}`})
	got := b.load(t, 2, rec{1, `{"user":"u","Mixed Case":5,"a\"b":6,"existing":7,"incoming":8}`}, rec{2, `{"user":"v"}`})
	got.want(t, []string{"1:updated", "2:created"}, nil)
	b.wantRows(t, `SELECT * FROM "select"."order" ORDER BY 1`, "(u,5,6,7,7,8,2,1)", "(v,,,7,,,2,2)")
}

// TestBatchIsReused loads several chunks with one batch, so that memory of the one before would
// show.
func TestBatchIsReused(t *testing.T) {
	t.Parallel()
	b := setup(t, partsTable, partsSchema)
	batch := b.table.NewBatch()
	for number, records := range [][]rec{
		{{1, `{"id":"a","price":1}`}, {2, `{"id":"b"}`}, {3, `{"id":"a","price":2}`}},
		{{1, `{"id":"c"}`}},
		{{1, `{"id":"a"}`}, {2, `{"id":"b","price":3}`}},
	} {
		batch.Reset()
		b.add(t, batch, records...)
		if _, err := loadBatch(t.Context(), b.conn, batch, int64(number+1)); err != nil {
			t.Fatal(err)
		}
	}
	b.wantRows(t, "SELECT id, price, import_number, import_row FROM parts ORDER BY id", "(a,,3,1)", "(b,3,3,2)", "(c,,2,1)")
}

// TestRejectedRecordIsNotInTheBatch checks that a record with a fault leaves nothing behind.
func TestRejectedRecordIsNotInTheBatch(t *testing.T) {
	t.Parallel()
	b := setup(t, partsTable, partsSchema)
	batch := b.table.NewBatch()
	b.add(t, batch, rec{1, `{"id":"a"}`})
	reasons := batch.Add(2, members(t, b.collection, `{"price":"x","serial":3000000000,"maker":"acme"}`))
	var codes []string
	for _, r := range reasons {
		codes = append(codes, r.Pointer+" "+r.Code)
	}
	if got, want := fmt.Sprint(codes), "[/id not-null-violation /price type-mismatch /serial value-out-of-range]"; got != want {
		t.Errorf("reasons %s, want %s", got, want)
	}
	b.add(t, batch, rec{3, `{"id":"c"}`})
	result, err := loadBatch(t.Context(), b.conn, batch, 1)
	if err != nil {
		t.Fatal(err)
	}
	read(batch, result).want(t, []string{"1:created", "3:created"}, nil)
}

func TestRowNumberMustFit(t *testing.T) {
	t.Parallel()
	b := setup(t, partsTable, partsSchema)
	for _, row := range []int{-1, 0, 1 << 31} {
		reasons := b.table.NewBatch().Add(row, members(t, b.collection, `{"id":"a"}`))
		if len(reasons) != 1 || reasons[0].Code != load.CodeOutOfRange {
			t.Errorf("row %d: %v", row, reasons)
		}
	}
}

// TestHintSparesAttempts counts attempts by a sequence, which no rollback takes back. The direct
// way is tried again when a batch of the import met no known key, and by every other import.
func TestHintSparesAttempts(t *testing.T) {
	t.Parallel()
	b := setup(t, partsTable+"; ALTER TABLE parts ADD tries BIGSERIAL", partsSchema)
	steps := []struct {
		number   int64
		row      int
		id       string
		outcome  string
		attempts int64
	}{
		{1, 1, "a", "created", 1},
		{2, 1, "a", "updated", 2},
		{2, 2, "a", "updated", 1},
		{2, 3, "b", "created", 1},
		{2, 4, "b", "updated", 2},
		{2, 1, "b", "superseded", 1},
		{66, 1, "b", "updated", 2},
		{2, 5, "b", "superseded", 2},
	}
	var before int64
	for i, step := range steps {
		got := b.load(t, step.number, rec{step.row, fmt.Sprintf(`{"id":%q}`, step.id)})
		got.want(t, []string{fmt.Sprintf("%d:%s", step.row, step.outcome)}, nil)
		var after int64
		if err := b.conn.QueryRow(t.Context(), "SELECT last_value FROM parts_tries_seq").Scan(&after); err != nil {
			t.Fatal(err)
		}
		if after-before != step.attempts {
			t.Errorf("step %d took %d attempts, want %d", i, after-before, step.attempts)
		}
		before = after
	}
}
