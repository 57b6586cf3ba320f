package audit

import (
	"fmt"
	"strings"

	"github.com/longshore-io/longshore/pkg/operation"
)

// historyInvariants are the invariants of an operation's life: what its events tell, and what is left of it afterwards.
var historyInvariants = []invariant{
	{"the events of an operation are without a gap", `
SELECT format('%s: %s events from %s to %s, revision %s', t.task_id, count(e.*), min(e.revision), max(e.revision), t.revision)
FROM xforce.tasks t LEFT JOIN xforce.task_events e USING (task_id)
WHERE t.is_active AND t.status <> 'receiving'
GROUP BY t.task_id
HAVING count(e.*) <> t.revision OR coalesce(min(e.revision), 0) <> 1 OR coalesce(max(e.revision), 0) <> t.revision`},

	{"the last event of an operation says what the operation says", `
SELECT format('%s: event %s, operation %s', t.task_id, e.status, t.status)
FROM xforce.tasks t JOIN xforce.task_events e USING (task_id, revision)
WHERE t.is_active AND (e.status, e.total_records, e.created_records, e.updated_records, e.superseded_records, e.failed_records)
  <> (t.status, t.total_records, t.created_records, t.updated_records, t.superseded_records, t.failed_records)`},

	{"the events of an operation follow the table of transitions", `
SELECT format('%s: revision %s is %s after %s', task_id, revision, status, coalesce(before, 'nothing')) FROM (
  SELECT e.task_id, e.revision, e.status, lag(e.status) OVER (PARTITION BY e.task_id ORDER BY e.revision) AS before
  FROM xforce.task_events e JOIN xforce.tasks t USING (task_id) WHERE t.is_active) AS moves
WHERE (coalesce(before, ''), status) NOT IN (` + legalMoves() + `)`},

	{"the counts of an operation never go back", `
SELECT format('%s: revision %s', task_id, revision) FROM (
  SELECT e.task_id, e.revision,
    ARRAY[e.total_records, e.created_records, e.updated_records, e.superseded_records, e.failed_records, e.progress] AS now,
    lag(ARRAY[e.total_records, e.created_records, e.updated_records, e.superseded_records, e.failed_records, e.progress])
      OVER (PARTITION BY e.task_id ORDER BY e.revision) AS before
  FROM xforce.task_events e JOIN xforce.tasks t USING (task_id) WHERE t.is_active) AS moves
WHERE EXISTS (SELECT FROM unnest(now, before) AS side (now, before) WHERE side.now < side.before)`},

	{"a tombstone is finished and says since when it is one", `
SELECT format('%s: %s, expired at %s, cleared at %s', task_id, status, expires_at, reclaimed_at)
FROM xforce.tasks
WHERE NOT is_active AND (finished_at IS NULL OR expires_at IS NULL) OR is_active AND reclaimed_at IS NOT NULL`},

	{"nothing is left of a tombstone that was cleared away", `
SELECT format('%s: %s rows in %s', t.task_id, count(*), hanging.name)
FROM (` + dependents + `) AS hanging JOIN xforce.tasks t USING (task_id)
WHERE t.reclaimed_at IS NOT NULL GROUP BY t.task_id, hanging.name`},

	{"nothing hangs on an operation that is gone", `
SELECT format('%s: %s rows in %s', hanging.task_id, count(*), hanging.name)
FROM (` + dependents + `) AS hanging LEFT JOIN xforce.tasks t USING (task_id)
WHERE t.task_id IS NULL GROUP BY hanging.task_id, hanging.name`},
}

// dependents is every row that belongs to an operation.
var dependents = func() string {
	var selects []string
	for _, table := range []string{"task_chunks", "task_progress", "task_outputs", "task_events", "upload_parts", "upload_pieces"} {
		selects = append(selects, fmt.Sprintf("SELECT task_id, '%[1]s' AS name FROM xforce.%[1]s", table))
	}
	return strings.Join(selects, " UNION ALL ")
}()

// legalMoves are the pairs of states that may follow each other: an operation comes to light waiting, stays what it is while it is live,
// and moves as the domain's table says.
func legalMoves() string {
	moves := []string{fmt.Sprintf("('', '%s')", operation.Waiting)}
	for _, from := range operation.States() {
		for _, to := range operation.States() {
			if from.CanBecome(to) || from == to && from.Live() {
				moves = append(moves, fmt.Sprintf("('%s', '%s')", from, to))
			}
		}
	}
	return strings.Join(moves, ", ")
}
