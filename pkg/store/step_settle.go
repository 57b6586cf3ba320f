package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/job"
)

// stepSettleTimeout limits how long a worker asks for the outcome of a step whose COMMIT was not
// answered. After that the step counts as failed: its next attempt finds out what is still due.
const stepSettleTimeout = 5 * time.Second

// stepTx is the transaction of a step.
type stepTx struct {
	pgx.Tx

	store *Store
	// id is empty until sendLast.
	id transactionID
}

// inStepTx runs a step in one transaction. If the answer to its COMMIT is lost, it is successful if the server says that
// it was committed; c is one of its chunks.
func (s *Store) inStepTx(ctx context.Context, c job.Chunk, run func(*stepTx) error) error {
	tx := stepTx{store: s}
	finished := false
	err := s.inTx(ctx, func(begun pgx.Tx) error {
		tx.Tx = begun
		err := run(&tx)
		finished = err == nil
		return err
	})
	if err != nil && finished && s.settleStep(ctx, c, tx.id, err) {
		return nil
	}
	return err
}

// sendLast sends the last statements of a step. It also reads the id of the transaction.
func (t *stepTx) sendLast(ctx context.Context, batch *pgx.Batch) error {
	t.id.queue(batch)
	return t.SendBatch(ctx, batch).Close()
}

// settleStep reports whether a step was committed although COMMIT returned an error. It is false if
// that stays unknown, also if the server was started again meanwhile: then another worker may have
// done the chunk. ctx may already be cancelled.
func (s *Store) settleStep(ctx context.Context, c job.Chunk, id transactionID, err error) bool {
	if isRolledBack(err) || !id.changed() {
		return false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepSettleTimeout)
	defer cancel()
	return s.settle(ctx, write{id: c.OperationID, visible: "false"}, id) == committed
}
