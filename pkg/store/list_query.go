package store

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/operation"
)

// listQuery is a statement that reads a list from one source.
type listQuery struct {
	sql  string
	args []any
}

// arg adds an argument and returns its placeholder.
func (q *listQuery) arg(value any) string {
	q.args = append(q.args, value)
	return fmt.Sprintf("$%d", len(q.args))
}

// listColumns leave out large requests, because a list may contain many operations.
const listColumns = operationColumns + `, CASE WHEN pg_column_size(request) <= 4096 THEN request END, NULL::bytea`

// A list's query reads operations from its source one by one, the last accepted first, until it has
// found enough of them or has examined the maximum. It also returns the last one that it examined,
// so that the list can be continued there. Everything is one statement, and so reads one snapshot.
//
// The parts are: the source's branches, the maximum of examined operations, the conditions, the
// maximum of rows, and the order of the source's index.
const examine = `
SELECT ` + listColumns + `, matches, place = %[2]d
FROM (
  SELECT *, %[3]s AS matches, row_number() OVER (ORDER BY %[5]s ROWS UNBOUNDED PRECEDING) AS place
  FROM (SELECT * FROM (%[1]s) AS branches ORDER BY %[5]s LIMIT %[2]d) AS candidates) AS examined
WHERE matches OR place = %[2]d
ORDER BY %[5]s LIMIT %[4]s`

// listQueries returns the queries that can read the list, the one that most often examines the
// fewest operations first: by one of the labels, or by kind, state and collection.
func listQueries(f Filter, r numberRange, examined int) (queries []listQuery) {
	for _, name := range slices.Sorted(maps.Keys(f.Labels)) {
		if len(queries) == maxLabelSources {
			break
		}
		queries = append(queries, newListQuery(f, r, examined, "number DESC", func(q *listQuery) []string {
			return []string{labelBranch(q, name+"="+f.Labels[name], f, r)}
		}))
	}
	return append(queries, newListQuery(f, r, examined, "number DESC NULLS LAST", func(q *listQuery) []string { return stateBranches(q, f, r) }))
}

// maxLabelSources limits the work for a list with many labels.
const maxLabelSources = 3

func newListQuery(f Filter, r numberRange, examined int, order string, source func(*listQuery) []string) listQuery {
	var q listQuery
	branches := source(&q)
	if len(r.strays) > 0 {
		branches = append(branches, strayBranch(&q, f, r, order))
	}
	matches := q.conditions(f)
	q.sql = fmt.Sprintf(examine, strings.Join(branches, "\n    UNION ALL "), examined, matches, q.arg(f.Limit+1), order)
	return q
}

// conditions returns the conditions of the filter but for Below. A source may apply some of them
// already.
func (q *listQuery) conditions(f Filter) string {
	all := []string{"tenant = " + q.arg(f.Tenant), "is_active", "status <> 'receiving'", "(finished_at IS NULL OR finished_at + retention > " + now + ")"}
	add := func(condition string, value any) { all = append(all, fmt.Sprintf(condition, q.arg(value))) }
	if f.Kind != "" {
		add("kind = %s", f.Kind)
	}
	if f.Collection != "" {
		add("collection = %s", f.Collection)
	}
	if p := f.Principal; p != nil && !p.Collections.AllowAll() {
		names, prefixes := p.Collections.Split()
		all = append(all, fmt.Sprintf(`CASE WHEN collection IS NULL OR collection = '' THEN principal = %s
  ELSE collection = ANY (%s) OR EXISTS (SELECT FROM unnest(%s::text[]) AS allowed WHERE starts_with(collection, allowed)) END`,
			q.arg(p.ID), q.arg(names), q.arg(prefixes)))
	}
	if len(f.States) > 0 {
		add("status = ANY (%s)", f.States)
	}
	if len(f.Labels) > 0 {
		add("labels @> %s", f.Labels)
	}
	if !f.CreatedFrom.IsZero() {
		add("created_at >= %s", nullIfZero(f.CreatedFrom))
	}
	if !f.CreatedBefore.IsZero() {
		add("created_at < %s", nullIfZero(f.CreatedBefore))
	}
	return "(" + strings.Join(all, " AND ") + ")"
}

// stateBranches has one branch for each kind and state, whose operations an index has in order. The
// words are constants, because the planner must recognize the condition of the index.
func stateBranches(q *listQuery, f Filter, r numberRange) (branches []string) {
	tenant, numbers := q.arg(f.Tenant), q.between(f, r)
	collection := ""
	if f.Collection != "" {
		collection = " AND collection = " + q.arg(f.Collection)
	}
	for _, kind := range operation.Kinds() {
		for _, state := range operation.States() {
			if state == operation.Receiving || f.Kind != "" && f.Kind != kind || len(f.States) > 0 && !slices.Contains(f.States, state) {
				continue
			}
			branches = append(branches, fmt.Sprintf(
				"(SELECT * FROM xforce.tasks WHERE is_active AND tenant = %s AND kind = '%s' AND status = '%s'%s AND %s ORDER BY number DESC NULLS LAST)",
				tenant, kind, state, collection, numbers))
		}
	}
	if len(branches) == 0 { // an unknown kind
		branches = append(branches, "(SELECT * FROM xforce.tasks WHERE FALSE)")
	}
	return branches
}

// labelBranch has the operations with a label. OFFSET 0 keeps Postgres from reading all operations
// and looking for the label of each.
func labelBranch(q *listQuery, label string, f Filter, r numberRange) string {
	return fmt.Sprintf(`(
    SELECT t.* FROM (
      SELECT number FROM xforce.task_labels WHERE label = xforce.label_hash(%s, %s) AND number < %s AND number > %s ORDER BY number DESC OFFSET 0
    ) AS labelled JOIN xforce.tasks t USING (number) WHERE t.tenant = %[1]s ORDER BY number DESC)`, q.arg(f.Tenant), q.arg(label), q.arg(f.below(r)), q.arg(r.above))
}

// strayBranch has the operations that the filter selects although their numbers are not in the range.
func strayBranch(q *listQuery, f Filter, r numberRange, order string) string {
	return fmt.Sprintf(`(
    SELECT * FROM xforce.tasks WHERE tenant = %s AND number = ANY (%s) AND number < %s AND (number <= %s OR number >= %s)
    ORDER BY %s)`, q.arg(f.Tenant), q.arg(r.strays), q.arg(f.belowOrAll()), q.arg(r.above), q.arg(r.below), order)
}

// between returns the condition of the numbers.
func (q *listQuery) between(f Filter, r numberRange) string {
	return fmt.Sprintf("number < %s AND number > %s", q.arg(f.below(r)), q.arg(r.above))
}

// below returns the number below which the list continues.
func (f Filter) below(r numberRange) int64 { return min(f.belowOrAll(), r.below) }

func (f Filter) belowOrAll() int64 {
	if f.Below == 0 {
		return math.MaxInt64
	}
	return f.Below
}
