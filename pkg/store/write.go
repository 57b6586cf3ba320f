package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
)

// defaultWrite is the default of Options.Write.
const defaultWrite = 25 * time.Second

// write is a transaction whose result is the answer to a client.
type write struct {
	// doing prefixes errors.
	doing string
	// id is the operation or upload that the transaction creates or changes. shown is the id by which its
	// client knows it; zero leaves it to NameOperation.
	id, shown uuid.UUID
	// work makes the changes and queues the last ones into the batch, whose statements return what the
	// client is answered: a read after the commit could fail.
	work func(context.Context, pgx.Tx, *pgx.Batch) error
	// explain replaces the errors of the batch that have a meaning; nil replaces none.
	explain func(error) error
	// visible is an SQL condition on the row of xforce.tasks that is true once the transaction is
	// committed. reference is the row's task_reference; empty matches all.
	visible, reference string
	// advice is what the client can do if the outcome stays unknown.
	advice advice
}

// advice completes the message of the fault outcome-unknown.
type advice string

const (
	lookFirst advice = "Look at the address in Operation-Location before you send it again."
	sameID    advice = "It is safe to send the same request with the same Operation-Id again, or look at the address in Operation-Location."
	repeat    advice = "It is safe to send the same request again."

	repeatOrLook advice = "It is safe to send the same request again, or look at the address in Operation-Location."
)

// adviceFor returns the advice for a request that starts an operation, by its draft before it is
// completed.
func adviceFor(d Draft) advice {
	if d.ID != uuid.Nil {
		return sameID
	}
	return lookFirst
}

// perform runs a write and returns nil only if it is committed. The transaction may take three
// fifths of Options.Write. If the answer to its COMMIT is lost or late, the rest of the time is used
// to find out whether it took effect. If that stays unknown, the error is a fault outcome-unknown,
// of kind Unavailable; any other error means that nothing was changed.
func (s *Store) perform(ctx context.Context, w write) error {
	ctx, cancel := context.WithTimeout(ctx, s.writeTimeout)
	defer cancel()
	var id transactionID
	finished := false
	err := s.inWriteTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var batch pgx.Batch
		if err := w.work(ctx, tx, &batch); err != nil {
			return err
		}
		id.queue(&batch)
		err := tx.SendBatch(ctx, &batch).Close()
		if finished = err == nil; !finished && w.explain != nil {
			return w.explain(err)
		}
		return err
	})
	return s.conclude(ctx, w, id, finished, err)
}

// conclude returns the result of a write by that of its transaction, which may contain other writes. finished
// reports whether nothing but its COMMIT was left to do.
func (s *Store) conclude(ctx context.Context, w write, id transactionID, finished bool, err error) error {
	switch {
	case err == nil:
		return nil
	case !finished || isRolledBack(err) || !id.changed():
		return fmt.Errorf("%s: %w", w.doing, nothingKept(err))
	}
	switch s.settle(ctx, w, id) {
	case committed:
		return nil
	case rolledBack:
		return fmt.Errorf("%s: %w", w.doing, nothingKept(err))
	default:
		return fmt.Errorf("%s: %w", w.doing, outcomeUnknown(w, err))
	}
}

// inWriteTx runs a part of a write in a transaction that may take three fifths of Options.Write.
func (s *Store) inWriteTx(ctx context.Context, work func(context.Context, pgx.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.writeTimeout*3/5)
	defer cancel()
	return s.inTx(ctx, func(tx pgx.Tx) error { return work(ctx, tx) })
}

// stage runs a transaction that changes nothing that a client can see, so that the client may always
// send the whole request again.
func (s *Store) stage(ctx context.Context, doing string, work func(context.Context, pgx.Tx) error) error {
	if err := s.inWriteTx(ctx, work); err != nil {
		return fmt.Errorf("%s: %w", doing, nothingKept(err))
	}
	return nil
}

// isRolledBack reports whether the error of a COMMIT proves that the transaction had no effect. A
// fatal error does not: it also ends a session that waits for a standby to confirm.
func isRolledBack(err error) bool {
	if fromServer, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fromServer.SeverityUnlocalized == "ERROR"
	}
	return errors.Is(err, pgx.ErrTxCommitRollback)
}

// nothingKept is ClientError for a request that had no effect.
func nothingKept(err error) error {
	if _, ok := errors.AsType[*fault.Fault](err); ok {
		return err
	}
	converted := ClientError(err)
	if f, ok := errors.AsType[*fault.Fault](converted); ok {
		f.Message += " Nothing of this request was kept."
	}
	return converted
}

// codeUnknown is the code of the fault for a write whose outcome stays unknown.
const codeUnknown = "outcome-unknown"

func outcomeUnknown(w write, cause error) error {
	f := fault.New(fault.Unavailable, codeUnknown,
		"The database did not confirm in time whether this request took effect, and it may have. %s", w.advice).Because(cause)
	f.Retry = soon
	if w.advice != repeat {
		f.Operation = cmp.Or(w.shown, w.id).String()
	}
	return f
}

// NameOperation sets the id by which the client knows the operation in a fault outcome-unknown. Calls
// that name an operation by its internal id need it.
func NameOperation(err error, op uuid.UUID) error {
	if f, ok := errors.AsType[*fault.Fault](err); ok && f.Code == codeUnknown && f.Operation != "" {
		f.Operation = op.String()
	}
	return err
}

// IsOutcomeUnknown reports whether an error means that a write may have been committed.
func IsOutcomeUnknown(err error) bool {
	f, ok := errors.AsType[*fault.Fault](err)
	return ok && f.Code == codeUnknown
}

// isAccepted is the condition of an operation's row after its request was accepted.
const isAccepted = `status <> 'receiving'`

// returningOperation ends a statement that changes one row of xforce.tasks, so that it returns the
// operation.
const returningOperation = ` RETURNING ` + operationColumns + `, request, payload_digest`

// queueOperation adds a statement on behalf of a client that returns an operation to a batch. Without a
// row, *op stays unchanged and the batch fails with the error none, unless that is nil.
func queueOperation(sc scope, batch *pgx.Batch, op **operation.Operation, none error, statement string, args ...any) {
	statement, args = sc.limit(statement, args)
	queueReturned(batch, op, none, statement, args...)
}

// queueReturned is queueOperation for a statement that adds the operation.
func queueReturned(batch *pgx.Batch, op **operation.Operation, none error, statement string, args ...any) {
	batch.Queue(statement, args...).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, scanOperation)
		switch {
		case err != nil:
			return err
		case len(found) == 0:
			return none
		}
		*op = found[0]
		return nil
	})
}
