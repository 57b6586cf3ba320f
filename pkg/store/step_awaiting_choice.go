package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// maxAwaitingRows and maxAwaitingBytes limit what one step of RunAwaiting loads: records that await
	// their parents, and bytes of compressed payload. A step takes one chunk at least.
	maxAwaitingRows  = 20_000
	maxAwaitingBytes = 2 << 20
	// Records that await an earlier import are tried again after a tenth of the time that they have
	// waited, within these limits.
	minAwaitingPause = time.Second
	maxAwaitingPause = 15 * time.Second
)

// tried describes with what the records of a chunk were tried: it is the cursor of awaiting chunks. If
// neither Imported nor Earlier has changed, the records would be refused again.
type tried struct {
	// Imported counts what the own import had written.
	Imported int64 `json:"imported"`
	// Earlier identifies what the unfinished earlier imports had written; it is empty if the records need not await them.
	Earlier string `json:"earlier"`
	// Since is when all records of the import had been tried and the first were tried again.
	Since time.Time `json:"since"`
}

// awaitingChunk is an awaiting chunk before its payload is read.
type awaitingChunk struct {
	Seq, Rows, Bytes int
	// Tried is nil if the records were not tried again yet.
	Tried *tried
	// Age is the time since the last step.
	Age time.Duration
}

// due reports whether another try can have another result. While earlier imports are written, it is so after a pause only.
func (c awaitingChunk) due(now tried, pause time.Duration) bool {
	switch {
	case c.Tried == nil || c.Tried.Imported != now.Imported:
		return true
	case now.Earlier == "":
		return c.Tried.Earlier != ""
	default:
		return c.Tried.Earlier != now.Earlier && c.Age >= pause
	}
}

// choose returns the numbers of the chunks to try. If all chunks were tried in vain and no earlier import
// is unfinished, they are tried for the last time.
func (st *AwaitingStep) choose(ctx context.Context, parents Parents) ([]int, error) {
	clock, collections, err := st.readNow(ctx, parents)
	if err != nil {
		return nil, err
	}
	all, err := st.awaitingChunks(ctx)
	if err != nil {
		return nil, err
	}
	st.now.Since = clock
	for _, c := range all {
		if c.Tried != nil && c.Tried.Since.Before(st.now.Since) {
			st.now.Since = c.Tried.Since
		}
	}
	waited := clock.Sub(st.now.Since)
	if waited >= parents.Wait {
		st.now.Earlier = ""
	}
	pause := min(max(waited/10, minAwaitingPause), maxAwaitingPause, max(parents.Wait-waited, minAwaitingPause))
	due := slices.DeleteFunc(slices.Clone(all), func(c awaitingChunk) bool { return !c.due(st.now, pause) })
	switch {
	case len(due) > 0:
		seqs := fitting(due, parents.OneByOne)
		st.Last = st.now.Earlier == "" && len(seqs) == len(all)
		return seqs, nil
	case st.now.Earlier != "":
		return nil, &AwaitingError{After: pause, collections: collections}
	}
	st.Last = true
	return fitting(all, parents.OneByOne), nil
}

// readNow reads with what the chunks will have been tried, under the lock and before any record is
// loaded, so that what others write meanwhile is a reason to try again. It returns the time, and the
// collections of the unfinished earlier imports.
func (st *AwaitingStep) readNow(ctx context.Context, parents Parents) (clock time.Time, collections string, err error) {
	const now = `
SELECT t.imported_records, clock_timestamp(), coalesce(earlier.written, ''), coalesce(earlier.collections, '')
FROM xforce.tasks t LEFT JOIN LATERAL (
  SELECT count(*) || '/' || sum(e.imported_records) AS written, string_agg(DISTINCT e.collection, ', ') AS collections FROM xforce.tasks e
  WHERE e.tenant = t.tenant AND e.kind = 'import' AND e.status IN ('waiting', 'running') AND e.number < t.number AND e.collection = ANY ($2)
  HAVING count(*) > 0) AS earlier ON TRUE
WHERE t.task_id = $1`
	err = st.tx.QueryRow(ctx, now, st.chunk.OperationID, parents.Collections).Scan(&st.now.Imported, &clock, &st.now.Earlier, &collections)
	if err != nil {
		return clock, "", fmt.Errorf("reading on what awaiting records depend: %w", err)
	}
	return clock, collections, nil
}

// awaitingChunks returns the awaiting chunks of the operation in turn: at first the last ones, which where
// children stand before their parents have the parents of the others, then those whose try is the longest ago.
func (st *AwaitingStep) awaitingChunks(ctx context.Context) ([]awaitingChunk, error) {
	const awaiting = `
SELECT seq, row_count - created_records - updated_records - superseded_records - failed_records, octet_length(payload), cursor,
  clock_timestamp() - stepped_at
FROM xforce.task_chunks WHERE task_id = $1 AND state = 'awaiting'
ORDER BY cursor IS NOT NULL, CASE WHEN cursor IS NULL THEN seq END DESC, stepped_at`
	return collect(ctx, st.tx, "finding awaiting chunks", pgx.RowToStructByPos[awaitingChunk], awaiting, st.chunk.OperationID)
}

// fitting returns the numbers of as many of the chunks as one step may load.
func fitting(chunks []awaitingChunk, oneByOne bool) (seqs []int) {
	rows, bytes := 0, 0
	for _, c := range chunks {
		rows += c.Rows
		bytes += c.Bytes
		if len(seqs) > 0 && (oneByOne || rows > maxAwaitingRows || bytes > maxAwaitingBytes) {
			break
		}
		seqs = append(seqs, c.Seq)
	}
	return seqs
}
