package e2e_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/transcript"
)

// The tests of this file send the requests printed in the seeds, the documents that Longshore
// implements, and compare the responses with the printed ones. The conversations are in
// e2e/transcript; docs/seeds.md lists which test checks which sentence.

// TestTranscript000 is seed 000, the X-Force tools import.
func TestTranscript000(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	script := transcript.Read(t, "seed000")
	release := s.BlockWrites("xforce.tools")
	script.Run(t, s.Client().Base(), "initiate", "ongoing")
	release()
	script.Run(t, s.Client().Base(), "complete", "sample payload", "failed")
}

// column is a column of a table, as in CREATE TABLE.
type column struct {
	Name, Type, Default string
	Required            bool
}

// seedTables are the tables of seed 000, column by column.
var seedTables = map[string][]column{
	"tasks": {
		{"task_id", "uuid", "", true},
		{"task_reference", "character varying(32)", "", true},
		{"task_name", "character varying(255)", "", false},
		{"status", "character varying(50)", "", true},
		{"progress", "integer", "0", false},
		{"total_records", "integer", "0", false},
		{"imported_records", "integer", "0", false},
		{"failed_records", "integer", "0", false},
		{"error_message", "text", "", false},
		{"is_active", "boolean", "true", true},
		{"created_at", "timestamp without time zone", "now()", false},
		{"updated_at", "timestamp without time zone", "now()", false},
	},
	"task_progress": {
		{"progress_id", "uuid", "", true},
		{"task_id", "uuid", "", true},
		{"status", "character varying(50)", "", true},
		{"record", "jsonb", "", true},
		{"created_at", "timestamp without time zone", "now()", false},
	},
}

// seedConstraints are the keys of seed 000, with its names or those of Postgres.
var seedConstraints = []string{
	"task_progress_pk: PRIMARY KEY (progress_id)",
	"task_progress_task_id_fkey: FOREIGN KEY (task_id) REFERENCES xforce.tasks(task_id)",
	"tasks_pk: PRIMARY KEY (task_id)",
}

// TestTranscript000Tables expects the columns of seed 000 first in the tables, with their names,
// types, defaults and order, and its keys. The columns that Longshore adds follow.
func TestTranscript000Tables(t *testing.T) {
	t.Parallel()
	db := stack.Start(t, stack.Options{Searchers: stack.None, Reporters: stack.None}).DB()
	for table, want := range seedTables {
		rows, err := db.Query(t.Context(), `
SELECT attname, format_type(atttypid, atttypmod), coalesce(pg_get_expr(adbin, adrelid), ''), attnotnull
FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attrelid = ('xforce.' || $1)::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum LIMIT $2`, table, len(want))
		if err != nil {
			t.Fatal(err)
		}
		got, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", table, diff)
		}
	}
	rows, err := db.Query(t.Context(), `
SELECT conname || ': ' || pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid IN ('xforce.tasks'::regclass, 'xforce.task_progress'::regclass) AND contype IN ('p', 'f') ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(seedConstraints, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

// TestTranscript001 is seed 001, Bronto's log search. Queries are long while no searcher runs.
func TestTranscript001(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{
		Collections: collectionFolder(t, "spoons", spoonsFile), Tables: spoonsTable,
		Env: []string{"LONGSHORE_MAX_ATTEMPTS=2", "LONGSHORE_POLL_WITHIN=3s", "LONGSHORE_SEARCH_MOMENT=2s"},
	})
	script := transcript.Read(t, "seed001")
	base := s.Client().Base()
	script.Run(t, base, "fill", "short query")
	s.KillSearcher(0)
	script.Run(t, base, "long query", "in progress")
	s.StartSearcher(0)
	script.Run(t, base, "completed")
	s.KillSearcher(0)
	script.Run(t, base, "cancel", "not polled")
	ended := `SELECT status = 'timed_out' FROM xforce.tasks WHERE task_id = $1`
	s.WaitForSQL(janitorTimeout, "the unpolled search to time out", ended, script.Value("forgotten"))
	script.Run(t, base, "timed out")
	script.Run(t, base, "start a failing query")
	s.Exec("DROP TABLE spoons")
	s.StartSearcher(0)
	script.Run(t, base, "internal server error")
	s.Exec("UPDATE xforce.tasks SET finished_at = finished_at - retention WHERE task_id = '" + script.Value("short") + "'")
	gone := `SELECT NOT is_active FROM xforce.tasks WHERE task_id = $1`
	s.WaitForSQL(janitorTimeout, "the results to expire", gone, script.Value("short"))
	script.Run(t, base, "expired")
}

// janitorTimeout bounds the time until the janitor handles an expired or unpolled operation.
const janitorTimeout = 30 * time.Second

// TestTranscript002 is seed 002, GeoGig's asynchronous tasks. The failing task is an import whose
// table was dropped.
func TestTranscript002(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{
		Collections: collectionFolder(t, "spoons", spoonsFile), Tables: spoonsTable,
		Env: []string{"LONGSHORE_MAX_ATTEMPTS=2"},
	})
	script := transcript.Read(t, "seed002")
	release := s.BlockWrites("xforce.tools")
	script.Run(t, s.Client().Base(), "invoke", "list", "running", "prune unfinished", "prefetch does not cancel", "cancel")
	release()
	script.Run(t, s.Client().Base(), "invoke another", "finished", "cancel finished", "prune")
	failImports(s, "spoons")
	script.Run(t, s.Client().Base(), "invoke a failing task", "failed")
}

// TestTranscript003 is seed 003, long-running actions by Microsoft's pattern.
func TestTranscript003(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{
		Collections: collectionFolder(t, "spoons", spoonsFile), Tables: spoonsTable,
		Env: []string{"LONGSHORE_MAX_ATTEMPTS=2"},
	})
	script := transcript.Read(t, "seed003")
	base := s.Client().Base()
	release := s.BlockWrites("xforce.tools")
	script.Run(t, base, "upload-start", "upload-finish", "running")
	release()
	script.Run(t, base, "succeeded")
	s.KillImporter(0)
	script.Run(t, base, "not started", "canceled")
	s.StartImporter(0)
	failImports(s, "spoons")
	script.Run(t, base, "start a failing upload", "failed")
}

// TestTranscript004 is seed 004, a report with a Location and a link to download it.
func TestTranscript004(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	script := transcript.Read(t, "seed004")
	s.KillReporter(0)
	script.Run(t, s.Client().Base(), "start", "in progress")
	s.StartReporter(0)
	script.Run(t, s.Client().Base(), "completed", "download")
}

var (
	testName = regexp.MustCompile(`\bTest[A-Z0-9]\w*`)
	testFunc = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
)

// TestSeedsPageNamesExistingTests expects every test named in docs/seeds.md to exist.
func TestSeedsPageNamesExistingTests(t *testing.T) {
	t.Parallel()
	root := os.DirFS("..")
	page, err := fs.ReadFile(root, "docs/seeds.md")
	if err != nil {
		t.Fatal(err)
	}
	exists := make(map[string]bool)
	err = fs.WalkDir(root, ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := fs.ReadFile(root, path)
		for _, match := range testFunc.FindAllSubmatch(source, -1) {
			exists[string(match[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := testName.FindAllString(string(page), -1)
	if len(named) == 0 {
		t.Error("docs/seeds.md names no tests, want many")
	}
	for _, name := range named {
		if !exists[name] {
			t.Errorf("docs/seeds.md names %s, which does not exist", name)
		}
	}
}
