package load_test

import (
	"fmt"
	"testing"
)

func TestLoadCreatesNewKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable, partsSchema)
	got := f.load(t, 1, record{1, `{"id":"b","price":2}`}, record{2, `{"id":"a","price":1}`})
	got.want(t, []string{"1:created", "2:created"}, nil)
	f.wantRows(t, "SELECT * FROM parts ORDER BY id", "(a,1,,,1,2)", "(b,2,,,1,1)")
}

func TestLoadEmptyBatch(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable, partsSchema)
	f.load(t, 1).want(t, nil, nil)
}

func TestLoadReplacesWholeRow(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable, partsSchema)
	f.load(t, 1, record{1, `{"id":"a","price":1,"serial":5}`})
	got := f.load(t, 2, record{1, `{"id":"a","price":2}`}, record{2, `{"id":"b"}`})
	got.want(t, []string{"1:updated", "2:created"}, nil)
	f.wantRows(t, "SELECT * FROM parts ORDER BY id", "(a,2,,,2,1)", "(b,,,,2,2)")
}

func TestLoadLaterRowWins(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		number  int64
		row     int
		outcome string
		kept    string
	}{
		"later import":              {6, 1, "updated", "(a,2,,,6,1)"},
		"earlier import":            {4, 99, "superseded", "(a,1,,,5,10)"},
		"later row of the import":   {5, 11, "updated", "(a,2,,,5,11)"},
		"earlier row of the import": {5, 9, "superseded", "(a,1,,,5,10)"},
		"same row":                  {5, 10, "superseded", "(a,1,,,5,10)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, partsTable, partsSchema)
			f.load(t, 5, record{10, `{"id":"a","price":1}`})
			got := f.load(t, tt.number, record{tt.row, `{"id":"a","price":2}`})
			got.want(t, []string{fmt.Sprintf("%d:%s", tt.row, tt.outcome)}, nil)
			f.wantRows(t, "SELECT * FROM parts", tt.kept)
		})
	}
}

func TestLoadReplacesRowsOfNoImport(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable, partsSchema)
	exec(t, f.conn, "INSERT INTO parts (id, import_number, import_row) VALUES ('a', NULL, NULL), ('b', 9, NULL), ('c', NULL, 9)")
	got := f.load(t, 1, record{1, `{"id":"a"}`}, record{2, `{"id":"b"}`}, record{3, `{"id":"c"}`})
	got.want(t, []string{"1:updated", "2:updated", "3:updated"}, nil)
	f.wantRows(t, "SELECT import_number, import_row FROM parts ORDER BY id", "(1,1)", "(1,2)", "(1,3)")
}

func TestLoadLastRowOfBatchWins(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]bool{"new key": false, "existing key": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, partsTable, partsSchema)
			last := "5:created"
			if known {
				f.load(t, 1, record{1, `{"id":"a"}`})
				last = "5:updated"
			}
			got := f.load(t, 2, record{3, `{"id":"a","price":3}`}, record{5, `{"id":"a","price":5}`},
				record{4, `{"id":"a","price":4}`}, record{6, `{"id":"b","price":6}`})
			got.want(t, []string{"3:superseded", last, "4:superseded", "6:created"}, nil)
			f.wantRows(t, "SELECT id, price FROM parts ORDER BY id", "(a,5)", "(b,6)")
		})
	}
}

// TestLoadCompositeKeys has keys whose concatenated texts are equal.
func TestLoadCompositeKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `CREATE TABLE pairs (v INT, x TEXT, y TEXT, import_number BIGINT, import_row INT, PRIMARY KEY (x, y))`,
		`{"x-longshore": {"table": "pairs", "key": ["y", "x"]}, "properties": {"v": {}, "x": {}, "y": {}}}`)
	got := f.load(t, 1, record{1, `{"x":"ab","y":"c"}`}, record{2, `{"x":"a","y":"bc"}`}, record{3, `{"x":"","y":"abc"}`},
		record{4, `{"x":"ab","y":"c","v":4}`})
	got.want(t, []string{"1:superseded", "2:created", "3:created", "4:created"}, nil)
	got = f.load(t, 2, record{1, `{"x":"a","y":"bc","v":1}`}, record{2, `{"x":"bc","y":"a","v":2}`})
	got.want(t, []string{"1:updated", "2:created"}, nil)
	f.wantRows(t, `SELECT v, x, y FROM pairs ORDER BY x COLLATE "C", y COLLATE "C"`,
		`(,"",abc)`, "(1,a,bc)", "(4,ab,c)", "(2,bc,a)")
}

func TestLoadQuotesNames(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `CREATE SCHEMA "select"; CREATE TABLE "select"."order" ("user" TEXT PRIMARY KEY, "Mixed Case" INT, "a""b" INT,
		"table" INT DEFAULT 7, "existing" INT, "incoming" INT, import_number BIGINT, import_row INT)`,
		`{"x-longshore": {"table": "select.order", "key": ["user"]}, "properties":
		 {"incoming": {}, "a\"b": {}, "user": {}, "Mixed Case": {}, "existing": {}}}`)
	f.load(t, 1, record{1, `{"user":"u","Mixed Case":1,"a\"b":2,"existing":3,"incoming":4}`})
	got := f.load(t, 2, record{1, `{"user":"u","Mixed Case":5,"a\"b":6,"existing":7,"incoming":8}`}, record{2, `{"user":"v"}`})
	got.want(t, []string{"1:updated", "2:created"}, nil)
	f.wantRows(t, `SELECT * FROM "select"."order" ORDER BY 1`, "(u,5,6,7,7,8,2,1)", "(v,,,7,,,2,2)")
}

// TestLoadSkipsCopyAfterConflict counts attempts to insert with a function that draws from a sequence, which a
// rollback does not reset. COPY is attempted again after a batch of the import without existing keys, and by every other
// import. An upsert is an attempt too.
func TestLoadSkipsCopyAfterConflict(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable+`; CREATE SEQUENCE parts_tries_seq;
CREATE FUNCTION tried() RETURNS BIGINT LANGUAGE sql AS $$ SELECT nextval('parts_tries_seq') $$;
ALTER TABLE parts ADD tries BIGINT DEFAULT tried()`, partsSchema)
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
		got := f.load(t, step.number, record{step.row, fmt.Sprintf(`{"id":%q}`, step.id)})
		got.want(t, []string{fmt.Sprintf("%d:%s", step.row, step.outcome)}, nil)
		var after int64
		if err := f.conn.QueryRow(t.Context(), "SELECT last_value - 1 + is_called::int FROM parts_tries_seq").Scan(&after); err != nil {
			t.Fatal(err)
		}
		if after-before != step.attempts {
			t.Errorf("step %d: attempts = %d, want %d", i, after-before, step.attempts)
		}
		before = after
	}
}
