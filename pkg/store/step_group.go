package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// Candidate is an import of one chunk that can be processed together with others.
type Candidate struct {
	ID uuid.UUID
	// Attempt describes the import. Its Count is 0: the attempt is not counted.
	Attempt
	// Rows is the number of records, and Bytes the size of the chunk.
	Rows, Bytes int
}

// sameWork are the properties that imports must share to be processed together.
type sameWork struct {
	collection          CollectionRef
	role, claims, owner string
	writing             collection.Writing
}

func (c Candidate) work() sameWork {
	return sameWork{c.Collection, c.Caller.Role, string(c.Caller.Claims), c.Owner, c.Writing}
}

// Like reports whether two imports can be processed together: they write into the same version of a collection in the
// same way, on behalf of the same caller, and belong to the same client.
func (c Candidate) Like(other Candidate) bool { return c.work() == other.work() }

// Candidates returns those of the imports that have one chunk and were not attempted yet, in the order of their
// acceptance.
func (s *Store) Candidates(ctx context.Context, ids []uuid.UUID) ([]Candidate, error) {
	const candidates = `
SELECT t.task_id, coalesce(t.collection, ''), t.tenant, coalesce(t.collection_version, 0), coalesce(t.write_options, '{}'),
  coalesce(t.request_id, ''), coalesce(t.owner, ''), coalesce(t.traceparent, ''), coalesce(t.caller_role, ''), t.caller_claims,
  c.row_count, pg_column_size(c.payload)
FROM xforce.tasks t JOIN xforce.task_chunks c ON c.task_id = t.task_id AND c.seq = 0
WHERE t.task_id = ANY ($1) AND t.kind = 'import' AND t.status = 'waiting' AND t.total_chunks = 1
  AND c.state = 'pending' AND c.attempts = 0 AND c.lost_attempts = 0
ORDER BY t.number`
	scan := func(row pgx.CollectableRow) (c Candidate, err error) {
		return c, row.Scan(&c.ID, &c.Collection.Name, &c.Collection.Tenant, &c.Collection.Version, &c.Writing,
			&c.RequestID, &c.Owner, &c.Traceparent, &c.Caller.Role, &c.Caller.Claims, &c.Rows, &c.Bytes)
	}
	return collect(ctx, s.pool, "reading imports to process together", scan, candidates, ids)
}

// MarkRunning marks those of the imports as running that wait.
func (s *Store) MarkRunning(ctx context.Context, ids []uuid.UUID) error {
	if _, err := s.pool.Exec(ctx, markRunning, ids, operation.Running, statesBefore(operation.Running), operation.Import); err != nil {
		return fmt.Errorf("marking imports as running: %w", err)
	}
	return nil
}

// GroupStep is a step on the only chunks of several imports, whose rows are locked by this worker until the transaction
// ends.
type GroupStep struct {
	// Members are the imports, in the order of acceptance.
	Members []Member
	caller  access.Caller
	tx      *stepTx
	// ledger is the name of the table in the ledger; empty if it has none. compared reports whether the keys were
	// compared with it.
	ledger   string
	compared bool
}

// Member is an import of a GroupStep.
type Member struct {
	ID      uuid.UUID
	Number  int64
	Rows    int
	Payload []byte
	// Outcomes has the outcome of each row, in order. Work sets it; an import without outcomes stays as it is.
	Outcomes []operation.Outcome
}

// GroupCommitted describes a committed GroupStep.
type GroupCommitted struct {
	// Imports are those that were committed.
	Imports map[uuid.UUID]Committed
	// Held reports whether chunks of their owner are held: see Store.Release.
	Held bool
}

// RunGroup locks the chunks of the imports, runs work in the same transaction, and commits the outcomes, the counts and the
// state of all imports for which work has set outcomes. If another worker has locked a chunk, or an import is finished,
// it is left out. After an error nothing was changed; it is load.ErrSeparately if the imports may succeed separately. The
// imports must be alike (see Candidate.Like).
func (s *Store) RunGroup(
	ctx context.Context, imports []Candidate, work func(context.Context, *GroupStep) error,
) (done GroupCommitted, err error) {
	err = s.inStepTx(ctx, job.Chunk{OperationID: imports[0].ID}, func(tx *stepTx) error {
		step, err := lockGroup(ctx, tx, imports)
		if err != nil {
			return err
		}
		if err := work(ctx, step); err != nil {
			return err
		}
		done, err = finishGroup(ctx, step, imports[0].Owner)
		return err
	})
	if errors.Is(err, errStopped) {
		err = load.ErrSeparately
	}
	if err != nil {
		return GroupCommitted{}, err
	}
	return done, nil
}

// lockGroup locks the chunks that are due and not locked.
func lockGroup(ctx context.Context, tx *stepTx, imports []Candidate) (*GroupStep, error) {
	const lock = `
SELECT t.task_id, t.number, c.row_count, c.payload
FROM xforce.tasks t JOIN xforce.task_chunks c ON c.task_id = t.task_id AND c.seq = 0
WHERE t.task_id = ANY ($1) AND t.status = 'waiting' AND c.state = 'pending' AND c.attempts = 0
ORDER BY t.number FOR UPDATE OF c SKIP LOCKED`
	ids := make([]uuid.UUID, len(imports))
	for i, c := range imports {
		ids[i] = c.ID
	}
	scan := func(row pgx.CollectableRow) (m Member, err error) {
		return m, row.Scan(&m.ID, &m.Number, &m.Rows, &m.Payload)
	}
	members, err := collect(ctx, tx, "locking the chunks", scan, lock, ids)
	if err == nil && len(members) == 0 {
		err = load.ErrSeparately
	}
	return &GroupStep{Members: members, caller: imports[0].Caller, tx: tx}, err
}

const (
	insertGroupProgress = `
INSERT INTO xforce.task_progress (progress_id, task_id, status, record)
SELECT progress_id, task_id, $3, record FROM unnest($1::uuid[], $2::uuid[], $4::jsonb[]) AS r (progress_id, task_id, record)`

	finishGroupChunks = `
UPDATE xforce.task_chunks c SET state = 'done', outcomes = r.outcomes, stepped_at = clock_timestamp(),
  created_records = r.created, updated_records = r.updated, superseded_records = r.superseded
FROM unnest($1::uuid[], $2::bytea[], $3::int[], $4::int[], $5::int[]) AS r (task_id, outcomes, created, updated, superseded)
WHERE c.task_id = r.task_id AND c.seq = 0`

	// An operation that was cancelled meanwhile is not changed, and then the transaction is rolled back.
	finishGroupTasks = `
UPDATE xforce.tasks t SET
  created_records = r.created, updated_records = r.updated, superseded_records = r.superseded,
  imported_records = total_records, progress = 100, done_chunks = 1, status = $5,
  started_at = coalesce(t.started_at, transaction_timestamp()), finished_at = clock_timestamp(), updated_at = clock_timestamp()
FROM unnest($1::uuid[], $2::int[], $3::int[], $4::int[]) AS r (task_id, created, updated, superseded)
WHERE t.task_id = r.task_id AND t.status = ANY ($6)`

	selectHeld = `SELECT EXISTS (SELECT FROM xforce.held_chunks WHERE owner = $1 AND kind = $2)`
)

// finishGroup commits the imports that have outcomes.
func finishGroup(ctx context.Context, step *GroupStep, owner string) (GroupCommitted, error) {
	members := slices.DeleteFunc(slices.Clone(step.Members), func(m Member) bool { return m.Outcomes == nil })
	if len(members) == 0 {
		return GroupCommitted{}, load.ErrSeparately
	}
	var (
		r    groupRows
		done = GroupCommitted{Imports: make(map[uuid.UUID]Committed, len(members))}
	)
	for _, m := range members {
		n, err := r.add(m)
		if err != nil {
			return GroupCommitted{}, err
		}
		done.Imports[m.ID] = Committed{Counts: n, State: operation.Succeeded}
	}
	var batch pgx.Batch
	batch.Queue(insertGroupProgress, r.progress, r.ids, progressCompleted, r.records)
	batch.Queue(finishGroupChunks, r.ids, r.outcomes, r.created, r.updated, r.superseded)
	batch.Queue(finishGroupTasks, r.ids, r.created, r.updated, r.superseded, operation.Succeeded, statesBefore(operation.Succeeded)).
		Exec(stoppedUnless(len(members)))
	step.queueLedger(&batch)
	batch.Queue(selectHeld, owner, job.Import).QueryRow(func(row pgx.Row) error { return row.Scan(&done.Held) })
	if err := step.tx.sendLast(ctx, &batch); err != nil {
		return GroupCommitted{}, fmt.Errorf("finishing the imports: %w", err)
	}
	return done, nil
}

// groupRows are the parameters of the statements of finishGroup, each with an element for each import.
type groupRows struct {
	ids, progress                []uuid.UUID
	records, outcomes            [][]byte
	created, updated, superseded []int32
}

func (r *groupRows) add(m Member) (operation.Counts, error) {
	n := countOutcomes(m.Outcomes)
	id, record, err := completedRecord(steppedChunk{firstRow: 1, rows: m.Rows}, n)
	if err != nil {
		return n, err
	}
	r.ids, r.progress, r.records = append(r.ids, m.ID), append(r.progress, id), append(r.records, record)
	r.outcomes = append(r.outcomes, chunk.PackOutcomes(m.Outcomes))
	r.created = append(r.created, int32(n.Created))          //nolint:gosec // a chunk has thousands of records
	r.updated = append(r.updated, int32(n.Updated))          //nolint:gosec // the same
	r.superseded = append(r.superseded, int32(n.Superseded)) //nolint:gosec // the same
	return n, nil
}
