package load_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// TestDescribeModes checks what each mode demands of a table and of the role.
func TestDescribeModes(t *testing.T) {
	t.Parallel()
	url := storetest.NewDatabase(t)
	const incomplete = `column "n" is NOT NULL and has no default`
	for name, tt := range map[string]struct {
		table  string
		wanted map[collection.WriteMode]string
	}{
		"undeclared column": {
			"CREATE TABLE x (id TEXT PRIMARY KEY, n INT NOT NULL)",
			map[collection.WriteMode]string{"replace": incomplete, "merge": incomplete, "insert": incomplete, "update": "", "delete": ""},
		},
		"privilege to read": {
			"CREATE TABLE x (id TEXT PRIMARY KEY); GRANT SELECT ON x TO pg_monitor; SET ROLE pg_monitor",
			map[collection.WriteMode]string{
				"merge": "privilege INSERT and UPDATE: GRANT SELECT, INSERT, UPDATE", "insert": "privilege INSERT: GRANT SELECT, INSERT ON",
				"update": "privilege UPDATE: GRANT SELECT, UPDATE", "delete": "privilege DELETE: GRANT SELECT, DELETE",
			},
		},
		"privilege to insert": {
			"CREATE TABLE x (id TEXT PRIMARY KEY); GRANT SELECT, INSERT ON x TO pg_monitor; SET ROLE pg_monitor",
			map[collection.WriteMode]string{"replace": "privilege UPDATE", "insert": ""},
		},
		"privilege to delete": {
			"CREATE TABLE x (id TEXT PRIMARY KEY); GRANT SELECT, DELETE ON x TO pg_monitor; SET ROLE pg_monitor",
			map[collection.WriteMode]string{"insert": "privilege INSERT", "delete": ""},
		},
	} {
		for mode, want := range tt.wanted {
			t.Run(fmt.Sprint(name, "/", mode), func(t *testing.T) {
				t.Parallel()
				conn := storetest.Connect(t, url)
				exec(t, conn, fmt.Sprintf("CREATE SCHEMA part%[1]d; GRANT USAGE ON SCHEMA part%[1]d TO pg_monitor; SET search_path TO part%[1]d", schemas.Add(1)))
				exec(t, conn, tt.table)
				c := parse(t, fmt.Sprintf(`{"x-longshore": {"table": "x", "key": ["id"], "ordering": "none", "write": %q}, "properties": {"id": {}}}`, mode))
				described, err := load.Describe(t.Context(), conn, c)
				if got := fmt.Sprint(err); want != "" && !strings.Contains(got, want) || want == "" && err != nil {
					t.Fatalf("Describe() error = %v, want %q", err, want)
				}
				if want == "" {
					checkOtherModes(t, described, tt.wanted)
				}
			})
		}
	}
}

// checkOtherModes sets each mode for a batch of a table that was described for another one.
func checkOtherModes(t *testing.T, described *load.Table, wanted map[collection.WriteMode]string) {
	t.Helper()
	for mode, want := range wanted {
		err := described.NewBatch().SetWriting(collection.Writing{Mode: mode})
		if got := fmt.Sprint(err); want != "" && !strings.Contains(got, want) || want == "" && err != nil {
			t.Errorf("SetWriting(%s) error = %v, want %q", mode, err, want)
		}
	}
}

// TestLoadDeletesWithoutUpdate: a role that may only delete can delete.
func TestLoadDeletesWithoutUpdate(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "CREATE TABLE x (id TEXT PRIMARY KEY); INSERT INTO x VALUES ('a'), ('b')",
		`{"x-longshore": {"table": "x", "key": ["id"], "ordering": "none", "write": "delete"}, "properties": {"id": {}}}`)
	exec(t, f.conn, "GRANT SELECT, DELETE ON x TO pg_monitor; SET ROLE pg_monitor")
	f.describe(t)
	f.load(t, 1, record{1, `{"id":"a"}`}, record{2, `{"id":"c"}`}).want(t, []string{"1:updated", "2:failed"}, []string{"2:" + load.CodeMissing})
	f.wantRows(t, "SELECT id FROM x", "(b)")
}

// TestLoadModesUnderRowSecurity: a policy refuses single records in every mode, and no reason says whether
// a hidden row exists.
func TestLoadModesUnderRowSecurity(t *testing.T) {
	t.Parallel()
	url := storetest.NewDatabase(t)
	for mode, want := range map[collection.WriteMode]loaded{
		collection.Replace: {[]string{"1:updated", "2:created", "3:failed", "4:failed"}, []string{"3:not-allowed", "4:not-allowed"}},
		collection.Merge:   {[]string{"1:updated", "2:created", "3:failed", "4:failed"}, []string{"3:not-allowed", "4:not-allowed"}},
		collection.Insert:  {[]string{"1:failed", "2:created", "3:failed", "4:failed"}, []string{"1:already-exists", "3:not-allowed", "4:not-allowed"}},
		collection.Update:  {[]string{"1:updated", "2:failed", "3:failed", "4:failed"}, []string{"2:no-such-key", "3:no-such-key", "4:no-such-key"}},
		collection.Delete:  {[]string{"1:updated", "2:failed", "3:failed", "4:failed"}, []string{"2:no-such-key", "3:no-such-key", "4:no-such-key"}},
	} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			f := newSharedFixture(t, url, `CREATE TABLE notes (id TEXT PRIMARY KEY, org TEXT);
				INSERT INTO notes VALUES ('mine', 'a'), ('hidden', 'b');
				ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
				CREATE POLICY own ON notes USING (org = 'a');
				GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO pg_monitor`,
				`{"x-longshore": {"table": "notes", "key": ["id"], "ordering": "none"}, "properties": {"id": {}, "org": {}}}`)
			var schema string
			if err := f.conn.QueryRow(t.Context(), "SELECT current_schema()").Scan(&schema); err != nil {
				t.Fatal(err)
			}
			exec(t, f.conn, "GRANT USAGE ON SCHEMA "+pgx.Identifier{schema}.Sanitize()+" TO pg_monitor; SET ROLE pg_monitor")
			f.describe(t)
			f.loadAs(t, collection.Writing{Mode: mode}, 1, record{1, `{"id":"mine","org":"a"}`}, record{2, `{"id":"new","org":"a"}`},
				record{3, `{"id":"hidden","org":"a"}`}, record{4, `{"id":"other","org":"b"}`}).want(t, want.Outcomes, want.Rejected)
		})
	}
}
