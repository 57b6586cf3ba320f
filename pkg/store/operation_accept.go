package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
)

const (
	// insertAccepted stores an operation of one chunk. $22 is the number of its records.
	insertAccepted = `
INSERT INTO xforce.tasks (` + draftColumns + `, total_records, status, number, total_chunks, sealed_at)
VALUES (` + draftValues + `, $22, 'waiting', nextval('xforce.task_numbers'), 1, clock_timestamp())` + returningOperation

	insertOnlyChunk = `
INSERT INTO xforce.task_chunks (task_id, seq, first_row, row_count, payload)
SELECT task_id, 0, 1, $2, $3 FROM xforce.tasks WHERE task_id = $1 AND {mine}`
)

// Accept stores an operation without staged records, such as a search or a report. It is in state
// waiting, with one chunk for all its steps. The error is ErrIDTaken if the draft's id is in use. After
// an error of kind Unavailable nothing was stored, unless IsOutcomeUnknown reports otherwise.
func (s *Store) Accept(ctx context.Context, draft Draft) (accepted *operation.Operation, err error) {
	advice := adviceFor(draft)
	sc, id, err := s.identify(ctx, &draft)
	if err != nil {
		return nil, err
	}
	err = s.perform(ctx, write{
		doing: "accepting a " + string(draft.Kind), id: id, shown: draft.ID, reference: draft.Reference, visible: isAccepted, advice: advice,
		work: func(ctx context.Context, tx pgx.Tx, batch *pgx.Batch) error {
			if err := charge(ctx, tx, 0); err != nil {
				return err
			}
			queueReturned(batch, &accepted, nil, insertAccepted, append(draft.columns(id), 0)...)
			sc.queue(batch, insertOnlyChunk, id, 0, []byte{})
			return nil
		},
		explain: takenIfDuplicate,
	})
	if err != nil {
		return nil, err
	}
	return accepted, nil
}
