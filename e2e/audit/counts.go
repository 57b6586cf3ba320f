package audit

// invariant is a rule with the query that finds its violations: one text for each.
type invariant struct {
	name  string
	query string
}

// invariants contains the rules that hold whenever no operation is running. Rows that belong to a
// tombstone are ignored, because the janitor is about to delete them.
var invariants = append(countInvariants, historyInvariants...)

// countInvariants compares the counts of operations with their chunks and rows. The chunk -1 of an
// import is the step that splits a multipart upload; the chunk of a search or report has no rows.
var countInvariants = []invariant{
	{"the counts of an operation add up", `
SELECT format('%s: %s created, %s updated, %s superseded, %s failed, imported %s, of %s', task_id,
  created_records, updated_records, superseded_records, failed_records, imported_records, total_records)
FROM xforce.tasks
WHERE imported_records <> created_records + updated_records + superseded_records
  OR imported_records + failed_records > total_records
  OR status = 'succeeded' AND imported_records + failed_records <> total_records
  OR least(created_records, updated_records, superseded_records, failed_records) < 0
  OR kind = 'import' AND progress <> (imported_records + failed_records)::bigint * 100 / greatest(total_records, 1)`},

	{"the sums over the chunks of an import are its counts", `
SELECT format('%s: chunks: %s, counts: %s', task_id, chunks, counts) FROM (
  SELECT t.task_id,
    (t.created_records, t.updated_records, t.superseded_records, t.failed_records, t.total_records, t.total_chunks, t.done_chunks,
     t.total_records - t.imported_records - t.failed_records)::text AS counts,
    (SELECT (coalesce(sum(c.created_records), 0), coalesce(sum(c.updated_records), 0), coalesce(sum(c.superseded_records), 0),
       coalesce(sum(c.failed_records), 0), coalesce(sum(c.row_count), 0), count(*), count(*) FILTER (WHERE c.state = 'done'),
       coalesce(sum(c.row_count - c.created_records - c.updated_records - c.superseded_records - c.failed_records) FILTER (WHERE c.state <> 'done'), 0))::text
     FROM xforce.task_chunks c WHERE c.task_id = t.task_id AND c.seq >= 0) AS chunks
  FROM xforce.tasks t
  WHERE t.is_active AND t.kind = 'import' AND t.total_chunks > 0 -- 0: a multipart upload that was not split
) AS both_sides
WHERE chunks <> counts`},

	{"a search or a report counts no records and has one chunk without rows", `
SELECT format('%s: %s with %s records, %s chunks', t.task_id, t.status, t.total_records, count(c.*))
FROM xforce.tasks t LEFT JOIN xforce.task_chunks c USING (task_id)
WHERE t.is_active AND t.kind <> 'import'
GROUP BY t.task_id
HAVING count(c.*) <> 1 OR t.total_chunks <> 1 OR t.done_chunks <> (t.status = 'succeeded')::int OR t.total_records <> 0
  OR bool_or(c.seq <> 0 OR c.row_count <> 0 OR (c.state = 'done') <> (t.status = 'succeeded'))
  OR t.status = 'succeeded' AND t.progress <> 100`},

	{"each failed record has one FAILED row", `
SELECT format('%s: %s rows, %s failed records', t.task_id, count(p.*), t.failed_records)
FROM xforce.tasks t LEFT JOIN xforce.task_progress p ON p.task_id = t.task_id AND p.status = 'FAILED'
WHERE t.is_active
GROUP BY t.task_id HAVING count(p.*) <> t.failed_records`},

	{"each done chunk has one COMPLETED row", `
SELECT format('%s: chunk %s has %s rows', c.task_id, c.seq, count(p.*))
FROM xforce.task_chunks c JOIN xforce.tasks t ON t.task_id = c.task_id AND t.is_active AND t.kind = 'import'
LEFT JOIN xforce.task_progress p ON p.task_id = c.task_id AND p.status = 'COMPLETED' AND (p.record->>'chunk')::int = c.seq
  AND (p.record->>'first_row')::int = c.first_row AND (p.record->>'last_row')::int = c.first_row + c.row_count - 1
WHERE c.seq >= 0
GROUP BY c.task_id, c.seq, c.state HAVING count(p.*) <> (CASE c.state WHEN 'done' THEN 1 ELSE 0 END)`},

	{"COMPLETED rows belong to done chunks", `
SELECT format('%s: %s rows, %s done chunks', t.task_id, count(p.*), t.done_chunks)
FROM xforce.tasks t LEFT JOIN xforce.task_progress p ON p.task_id = t.task_id AND p.status = 'COMPLETED'
WHERE t.is_active
GROUP BY t.task_id HAVING count(p.*) <> (CASE t.kind WHEN 'import' THEN t.done_chunks ELSE 0 END)`},

	{"the failed records of a chunk are counted by it", `
SELECT format('%s: chunk %s counts %s, rows %s', c.task_id, c.seq, c.failed_records, count(p.*))
FROM xforce.task_chunks c JOIN xforce.tasks t ON t.task_id = c.task_id AND t.is_active
LEFT JOIN xforce.task_progress p ON p.task_id = c.task_id AND p.status = 'FAILED'
  AND p.row_number BETWEEN c.first_row AND c.first_row + c.row_count - 1
WHERE c.seq >= 0
GROUP BY c.task_id, c.seq, c.failed_records HAVING count(p.*) <> c.failed_records`},

	{"the rows of chunks are contiguous", `
SELECT format('%s: chunk %s begins at row %s, not %s', task_id, seq, first_row, expected) FROM (
  SELECT task_id, seq, first_row, row_number() OVER chunks - 1 AS place,
    1 + coalesce(sum(row_count) OVER (chunks ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS expected
  FROM xforce.task_chunks JOIN xforce.tasks t USING (task_id)
  WHERE seq >= 0 AND t.is_active
  WINDOW chunks AS (PARTITION BY task_id ORDER BY seq)) AS laid_out
WHERE first_row <> expected OR seq <> place`},

	{"the blocks of an output are contiguous", `
SELECT format('%s: block %s of %s begins at %s, not %s', task_id, seq, stage, byte_offset, expected) FROM (
  SELECT task_id, stage, seq, byte_offset, row_number() OVER blocks - 1 AS place,
    coalesce(sum(byte_count) OVER (blocks ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS expected
  FROM xforce.task_outputs JOIN xforce.tasks t USING (task_id)
  WHERE t.is_active
  WINDOW blocks AS (PARTITION BY task_id, stage ORDER BY seq)) AS laid_out
WHERE byte_offset <> expected OR seq <> place`},
}
