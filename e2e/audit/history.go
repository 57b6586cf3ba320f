package audit

import (
	"fmt"
	"strings"

	"github.com/longshore-io/longshore/pkg/operation"
)

// historyInvariants checks the events of operations, and what remains after an operation.
var historyInvariants = []invariant{
	{"the event numbers of an operation are contiguous", `
SELECT format('%s: %s events from %s to %s, revision %s', t.task_id, count(e.*), min(e.revision), max(e.revision), t.revision)
FROM xforce.tasks t LEFT JOIN xforce.task_events e USING (task_id)
WHERE t.is_active AND t.status <> 'receiving'
GROUP BY t.task_id
HAVING count(e.*) <> t.revision OR coalesce(min(e.revision), 0) <> 1 OR coalesce(max(e.revision), 0) <> t.revision`},

	{"the last event of an operation has its status and counts", `
SELECT format('%s: event %s, operation %s', t.task_id, e.status, t.status)
FROM xforce.tasks t JOIN xforce.task_events e USING (task_id, revision)
WHERE t.is_active AND (e.status, e.total_records, e.created_records, e.updated_records, e.superseded_records, e.failed_records)
  <> (t.status, t.total_records, t.created_records, t.updated_records, t.superseded_records, t.failed_records)`},

	{"the events of an operation follow the table of transitions", `
SELECT format('%s: revision %s is %s after %s', task_id, revision, status, coalesce(before, 'no event')) FROM (
  SELECT e.task_id, e.revision, e.status, lag(e.status) OVER (PARTITION BY e.task_id ORDER BY e.revision) AS before
  FROM xforce.task_events e JOIN xforce.tasks t USING (task_id) WHERE t.is_active) AS transitions
WHERE (coalesce(before, ''), status) NOT IN (` + legalTransitions() + `)`},

	{"the counts of an operation never decrease", `
SELECT format('%s: revision %s', task_id, revision) FROM (
  SELECT e.task_id, e.revision,
    ARRAY[e.total_records, e.created_records, e.updated_records, e.superseded_records, e.failed_records, e.progress] AS now,
    lag(ARRAY[e.total_records, e.created_records, e.updated_records, e.superseded_records, e.failed_records, e.progress])
      OVER (PARTITION BY e.task_id ORDER BY e.revision) AS before
  FROM xforce.task_events e JOIN xforce.tasks t USING (task_id) WHERE t.is_active) AS transitions
WHERE EXISTS (SELECT FROM unnest(now, before) AS side (now, before) WHERE side.now < side.before)`},

	{"a tombstone is finished and has the time of its expiry", `
SELECT format('%s: %s, expired at %s, purged at %s', task_id, status, expires_at, reclaimed_at)
FROM xforce.tasks
WHERE NOT is_active AND (finished_at IS NULL OR expires_at IS NULL) OR is_active AND reclaimed_at IS NOT NULL`},

	{"a purged tombstone has no dependents", `
SELECT format('%s: %s rows in %s', t.task_id, count(*), dependents.name)
FROM (` + dependents + `) AS dependents JOIN xforce.tasks t USING (task_id)
WHERE t.reclaimed_at IS NOT NULL GROUP BY t.task_id, dependents.name`},

	{"dependents belong to an existing operation", `
SELECT format('%s: %s rows in %s', dependents.task_id, count(*), dependents.name)
FROM (` + dependents + `) AS dependents LEFT JOIN xforce.tasks t USING (task_id)
WHERE t.task_id IS NULL GROUP BY dependents.task_id, dependents.name`},
}

// dependents selects all rows that belong to an operation.
var dependents = func() string {
	var selects []string
	for _, table := range []string{"task_chunks", "task_progress", "task_outputs", "task_events", "upload_parts", "upload_pieces"} {
		selects = append(selects, fmt.Sprintf("SELECT task_id, '%[1]s' AS name FROM xforce.%[1]s", table))
	}
	return strings.Join(selects, " UNION ALL ")
}()

// legalTransitions returns the pairs of states that may follow each other: the first visible state of
// an operation is waiting, a live operation can keep its state, and others follow
// operation.State.CanBecome.
func legalTransitions() string {
	pairs := []string{fmt.Sprintf("('', '%s')", operation.Waiting)}
	for _, from := range operation.States() {
		for _, to := range operation.States() {
			if from.CanBecome(to) || from == to && from.Live() {
				pairs = append(pairs, fmt.Sprintf("('%s', '%s')", from, to))
			}
		}
	}
	return strings.Join(pairs, ", ")
}
