package history_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// maxPages is how many pages a statement may read, 8 KiB each.
const maxPages = 600

// exceptions are statements that handle many operations at once. They may read further pages for each
// row of their plan, up to a number of rows. The first one that matches counts.
var exceptions = []struct {
	parts           []string
	perRow, maxRows int
	reason          string
}{
	{[]string{"AS place", "xforce.task_labels"}, 6, 5_000, "examines operations: in two indexes and in the table"},
	{[]string{"AS place"}, 3, 5_000, "examines operations"},
	{[]string{"WITH due AS", "SET is_active = FALSE"}, 40, 500, "expires operations, each in all indexes"},
	{[]string{"DELETE FROM xforce.tasks WHERE task_id IN"}, 20, 500, "deletes tombstones"},
	{[]string{"WITH tombstones AS"}, 30, 5_000, "deletes rows of tombstones"},
	{[]string{"pg_stat_all_tables"}, 1, 1_000, "reads the catalog of tables"},
	{[]string{"SET reclaimed_at"}, 50, 100, "updates tombstones, each in all indexes"},
}

// largeTables must never be read from the first to the last page. The tables of uploads have no rows
// of finished operations.
var largeTables = []string{"tasks", "task_chunks", "task_progress", "task_outputs", "task_events", "task_labels"}

// TestStatements executes every statement of pkg/store on a database with a long history and holds
// what Postgres did for it to a bound that does not depend on the length. What a client of a tenant with
// one of a hundred operations calls runs with the role of the api, where row-level security is active.
func TestStatements(t *testing.T) {
	url := storetest.NewDatabase(t)
	sql := storetest.Connect(t, url)
	loadHistory(t, sql)
	var r recorder
	s := storetest.Open(t, r.explained(t, url), store.Options{Application: store.ImporterSessions, MaxConns: 4})
	drive(t, s, sql)
	api := storetest.Open(t, r.explained(t, url)+"&role="+storetest.RoleName(grants.API), store.Options{Application: "longshore-api", MaxConns: 4, Role: grants.API})
	driveTenant(t, driver{api, sql, "few"})
	r.mu.Lock()
	defer r.mu.Unlock()
	most := make(map[string]int)
	for _, p := range r.plans {
		most[p.Query] = max(most[p.Query], p.Plan.pages())
	}
	for _, problem := range findProblems(r.plans) {
		t.Error(problem)
	}
	for _, literal := range unseen(t, most) {
		t.Errorf("no statement with this text was executed; call it in drive, or list it in notExplained with a reason:\n%s", literal)
	}
	logMost(t, most)
}

// logMost logs the most pages that a statement of each kind has read.
func logMost(t *testing.T, most map[string]int) {
	t.Helper()
	kinds := make(map[string]int)
	for query, pages := range most {
		kind := fmt.Sprintf("%.100s", strings.Join(strings.Fields(query), " "))
		kinds[kind] = max(kinds[kind], pages)
	}
	for _, kind := range slices.SortedFunc(maps.Keys(kinds), func(a, b string) int { return kinds[b] - kinds[a] }) {
		t.Logf("%6d pages: %s", kinds[kind], kind)
	}
}

// findProblems returns a description of each plan that exceeds its bound.
func findProblems(plans []plan) (problems []string) {
	for _, p := range plans {
		if got, limit := p.Plan.pages(), limitOf(p); got > limit {
			problems = append(problems, fmt.Sprintf("%d pages, want at most %d: %s", got, limit, p.Query))
		}
		for _, table := range p.Plan.scanned() {
			if slices.Contains(largeTables, table) {
				problems = append(problems, fmt.Sprintf("%s is read from the first to the last page: %s", table, p.Query))
			}
		}
	}
	slices.Sort(problems)
	return slices.Compact(problems)
}

func limitOf(p plan) int {
	for _, e := range exceptions {
		if !slices.ContainsFunc(e.parts, func(part string) bool { return !strings.Contains(p.Query, part) }) {
			return maxPages + e.perRow*min(p.Plan.rows(), e.maxRows)
		}
	}
	return maxPages
}
