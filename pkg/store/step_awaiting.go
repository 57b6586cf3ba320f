package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

// The values of xforce.task_chunks.state. A chunk is awaiting if its step is committed but for records
// that a foreign key refused: their parents may be in other chunks or in earlier imports.
const (
	chunkPending  = "pending"
	chunkAwaiting = "awaiting"
	chunkDone     = "done"
)

// isDue is true for a chunk c that is pending. It is also true for the first awaiting chunk of an
// operation that has no pending ones, which stands for all of them.
const isDue = `(c.state = '` + chunkPending + `' OR c.state = '` + chunkAwaiting + `' AND NOT EXISTS (
  SELECT FROM xforce.task_chunks other WHERE other.task_id = c.task_id
    AND (other.state = '` + chunkPending + `' OR other.state = '` + chunkAwaiting + `' AND other.seq < c.seq)))`

const (
	// maxAwaitingRows and maxAwaitingBytes limit what one step of RunAwaiting loads: records that await
	// their parents, and bytes of compressed payload. A step takes one chunk at least.
	maxAwaitingRows  = 20_000
	maxAwaitingBytes = 8 << 20
	// Records that await an earlier import are tried again after a tenth of the time that their import
	// has taken so far, within these limits.
	minAwaitingPause = time.Second
	maxAwaitingPause = 15 * time.Second
)

// Parents says what records that a foreign key refused can wait for.
type Parents struct {
	// Collections are the names of the collections over the tables to which the foreign keys refer: only their
	// imports can write the parents.
	Collections []string
	// Wait is how long an import may wait for earlier ones, from its start.
	Wait time.Duration
	// OneByOne tries the records of one chunk at a time, because the ledger orders them by chunks.
	OneByOne bool
}

// AwaitingError means that the records of a step await their parents from an earlier import that is
// not finished. The step is to be repeated After a time.
type AwaitingError struct{ After time.Duration }

// Error names the cause.
func (e *AwaitingError) Error() string {
	return "records await their parents from an earlier import that is not finished"
}

// AwaitingStep is a step with records of one or more chunks that a foreign key refused before.
type AwaitingStep struct {
	Step
	// Chunks are the chunks of the records.
	Chunks []AwaitingChunk
	// Last is true if no other step can write the parents any more. The records that are refused again are then
	// to be rejected, unless the step writes one of the others, which may be their parent.
	Last bool

	// now is what the chunks were tried with.
	now tried
}

// AwaitingChunk is one chunk of an AwaitingStep.
type AwaitingChunk struct {
	Seq, FirstRow, Rows int
	Payload             []byte
	// Outcomes has the outcome of each row; Unprocessed for those that are tried again.
	Outcomes []operation.Outcome
}

// RunAwaiting tries records that a foreign key refused again, after all chunks of their import have
// been tried. The chunk stands for all awaiting ones. Work returns the outcomes of all records of
// step.Chunks, in order, and the rejections of the records that were tried.
//
// Records are tried until nothing more can be written, then rejected. While an import of the same
// tenant into one of the parents' collections that was accepted earlier is not finished, they are kept, and tried
// whenever it has written something: RunAwaiting returns an *AwaitingError meanwhile. That ends when the import has
// run for the time parents.Wait.
func (s *Store) RunAwaiting(
	ctx context.Context, c job.Chunk, parents Parents, work func(context.Context, *AwaitingStep) (Effect, error),
) (Committed, error) {
	lock := func(ctx context.Context, tx *stepTx, c job.Chunk) (*AwaitingStep, error) {
		return lockAwaiting(ctx, tx, c, parents)
	}
	return runLocked(ctx, s, c, lock, work, finishAwaiting)
}

// tried describes when the records of a chunk were tried: it is the cursor of awaiting chunks. If
// nothing of it has changed, the records would be refused again.
type tried struct {
	// Imported counts what the own import had written.
	Imported int64 `json:"imported"`
	// Earlier identifies what the unfinished earlier imports had written; it is empty if the records need not await them.
	Earlier string `json:"earlier"`
}

// awaitingChunk is an awaiting chunk before its payload is read.
type awaitingChunk struct {
	Seq, Rows, Bytes int
	Cursor           json.RawMessage
	// Age is the time since the last step.
	Age time.Duration
}

// due reports whether another try can have another result. While earlier imports are written, it is so after a pause only.
func (c *awaitingChunk) due(now tried, pause time.Duration) bool {
	var last tried
	if c.Cursor == nil || json.Unmarshal(c.Cursor, &last) != nil {
		return true
	}
	return last.Imported != now.Imported || last.Earlier != now.Earlier && (now.Earlier == "" || c.Age >= pause)
}

// lockAwaiting locks the chunk's row, so that only one step of its import at a time tries awaiting
// records, and chooses the chunks to try.
func lockAwaiting(ctx context.Context, tx *stepTx, c job.Chunk, parents Parents) (*AwaitingStep, error) {
	const lock = `
SELECT t.number, coalesce(t.caller_role, ''), t.caller_claims
FROM xforce.task_chunks c JOIN xforce.tasks t USING (task_id)
WHERE c.task_id = $1 AND c.seq = $2 AND c.state = 'awaiting' AND ` + isDue + ` AND t.status = ANY ($3) AND ` + notSuspected + `
FOR UPDATE OF c SKIP LOCKED`
	step := &AwaitingStep{Step: Step{chunk: c, tx: tx, awaiting: true}}
	err := tx.QueryRow(ctx, lock, c.OperationID, c.Seq, liveStates).Scan(&step.Number, &step.caller.Role, &step.caller.Claims)
	if err != nil {
		return nil, fmt.Errorf("locking the chunk: %w", err)
	}
	pause, err := step.readTried(ctx, parents)
	if err != nil {
		return nil, err
	}
	seqs, err := step.choose(ctx, pause, parents.OneByOne)
	if err != nil {
		return nil, err
	}
	step.place = seqs[0]
	return step, step.readChunks(ctx, seqs)
}

// readTried reads what the chunks will have been tried with, under the lock and before any record is
// loaded, so that what others write meanwhile is a reason to try again.
func (st *AwaitingStep) readTried(ctx context.Context, parents Parents) (pause time.Duration, err error) {
	const now = `
SELECT t.imported_records, clock_timestamp() - t.started_at, coalesce((
  SELECT count(*) || '/' || sum(e.imported_records) FROM xforce.tasks e
  WHERE e.tenant = t.tenant AND e.kind = 'import' AND e.status IN ('waiting', 'running') AND e.number < t.number AND e.collection = ANY ($2)
  HAVING count(*) > 0), '')
FROM xforce.tasks t WHERE t.task_id = $1`
	var taken time.Duration
	if err := st.tx.QueryRow(ctx, now, st.chunk.OperationID, parents.Collections).Scan(&st.now.Imported, &taken, &st.now.Earlier); err != nil {
		return 0, fmt.Errorf("reading what awaiting records depend on: %w", err)
	}
	if taken >= parents.Wait {
		st.now.Earlier = ""
	}
	return min(max(taken/10, minAwaitingPause), maxAwaitingPause, max(parents.Wait-taken, minAwaitingPause)), nil
}

// choose returns the numbers of the chunks to try. If all were tried without success and no earlier
// import is unfinished, they are tried for the last time.
func (st *AwaitingStep) choose(ctx context.Context, pause time.Duration, oneByOne bool) ([]int, error) {
	const awaiting = `
SELECT seq, row_count - created_records - updated_records - superseded_records - failed_records, octet_length(payload), cursor,
  clock_timestamp() - stepped_at
FROM xforce.task_chunks WHERE task_id = $1 AND state = 'awaiting' ORDER BY seq`
	all, err := collect(ctx, st.tx, "finding awaiting chunks", pgx.RowToStructByPos[awaitingChunk], awaiting, st.chunk.OperationID)
	if err != nil {
		return nil, err
	}
	maxChunks := len(all)
	if oneByOne {
		maxChunks = 1
	}
	due := slices.DeleteFunc(slices.Clone(all), func(c awaitingChunk) bool { return !c.due(st.now, pause) })
	if len(due) == 0 {
		if st.now.Earlier != "" {
			return nil, &AwaitingError{After: pause}
		}
		st.Last = true
		return fitting(all, maxChunks), nil
	}
	seqs := fitting(due, maxChunks)
	st.Last = st.now.Earlier == "" && len(seqs) == len(all)
	return seqs, nil
}

// fitting returns the numbers of as many of the chunks as one step may load.
func fitting(chunks []awaitingChunk, maxChunks int) (seqs []int) {
	rows, bytes := 0, 0
	for _, c := range chunks {
		rows += c.Rows
		bytes += c.Bytes
		if len(seqs) > 0 && (rows > maxAwaitingRows || bytes > maxAwaitingBytes || len(seqs) == maxChunks) {
			break
		}
		seqs = append(seqs, c.Seq)
	}
	return seqs
}

func (st *AwaitingStep) readChunks(ctx context.Context, seqs []int) error {
	const read = `
SELECT seq, first_row, row_count, payload, outcomes FROM xforce.task_chunks WHERE task_id = $1 AND seq = ANY ($2) ORDER BY seq`
	scan := func(row pgx.CollectableRow) (c AwaitingChunk, err error) {
		var outcomes []byte
		if err := row.Scan(&c.Seq, &c.FirstRow, &c.Rows, &c.Payload, &outcomes); err != nil {
			return c, err
		}
		c.Outcomes, err = chunk.OpenOutcomes(outcomes, c.Rows)
		return c, err
	}
	var err error
	st.Chunks, err = collect(ctx, st.tx, "reading awaiting chunks", scan, read, st.chunk.OperationID, seqs)
	return err
}

func finishAwaiting(ctx context.Context, step *AwaitingStep, effect Effect) (Committed, error) {
	cursor, err := json.Marshal(step.now)
	if err != nil {
		return Committed{}, fmt.Errorf("describing the try: %w", err)
	}
	var n operation.Counts
	chunks, rest := make([]steppedChunk, 0, len(step.Chunks)), effect.Outcomes
	for _, c := range step.Chunks {
		for i, outcome := range rest[:c.Rows] {
			if c.Outcomes[i] == operation.Unprocessed {
				n.Count(outcome, 1)
				n.Total++
			}
		}
		chunks = append(chunks, steppedChunk{seq: c.Seq, firstRow: c.FirstRow, rows: c.Rows, outcomes: rest[:c.Rows], cursor: cursor})
		rest = rest[c.Rows:]
	}
	if err := step.passOn(ctx); err != nil {
		return Committed{}, err
	}
	return finishChunks(ctx, &step.Step, chunks, n, effect.Rejections)
}

// passOn ends the attempt of the chunk that stands for the others if its own records were not tried.
func (st *AwaitingStep) passOn(ctx context.Context) error {
	if slices.ContainsFunc(st.Chunks, func(c AwaitingChunk) bool { return c.Seq == st.chunk.Seq }) {
		return nil
	}
	const stepped = `UPDATE xforce.task_chunks SET steps = steps + 1, attempts = 0, lost_attempts = 0 WHERE task_id = $1 AND seq = $2`
	if _, err := st.tx.Exec(ctx, stepped, st.chunk.OperationID, st.chunk.Seq); err != nil {
		return fmt.Errorf("ending the attempt: %w", err)
	}
	return nil
}

// queueAwaiting adds the operation's first awaiting chunk to the chunks that became due with a step, if the
// operation has no pending one. It follows the statement that locks the operation's row, so that of
// concurrent steps the last one finds it.
func queueAwaiting(batch *pgx.Batch, id uuid.UUID, done *Committed) {
	const first = `SELECT c.seq, c.steps FROM xforce.task_chunks c WHERE c.task_id = $1 AND c.state = 'awaiting' AND ` + isDue
	batch.Queue(first, id).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			next := Next{Due: job.Due{Kind: job.Import, Chunk: job.Chunk{OperationID: id}}}
			if err := rows.Scan(&next.Seq, &next.Steps); err != nil {
				return err
			}
			done.Next = append(done.Next, next)
		}
		return rows.Err()
	})
}
