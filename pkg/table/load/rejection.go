package load

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/operation"
)

// SQLSTATEs that have a reason of their own (PostgreSQL, appendix A).
const (
	notNullViolation    = "23502"
	foreignKeyViolation = "23503"
	uniqueViolation     = "23505"
	checkViolation      = "23514"
	checkOptionViolated = "44000"
	exclusionViolation  = "23P01"
	insufficientRight   = "42501"
	stringTooLong       = "22001"
	numberOutOfRange    = "22003"
	datetimeOverflow    = "22008"
	invalidText         = "22P02"
)

// ErrChanged is part of Load's error if the table no longer has the definition that Describe read:
// describe it again.
var ErrChanged = errors.New("the table's definition has changed since it was described")

var (
	// rejectionClasses are the SQLSTATE classes with which Postgres rejects a row for its content:
	// data exceptions, integrity constraints, and program limits, such as a key too long for its
	// index or JSON too deep to parse.
	rejectionClasses = []string{"22", "23", "54"}
	// raiseException is the SQLSTATE of a trigger's RAISE EXCEPTION.
	raiseException = "P0001"
	// changeCodes are the SQLSTATEs of a statement or encoding that no longer fits the table:
	// undefined table or column, no index for the key, another composite type, and two codes for a
	// value whose binary form does not fit its type.
	changeCodes = []string{"42P01", "42703", "42P10", "42804", "22P03", "08P01"}
	// corruptionCodes are the SQLSTATEs of a damaged table or index.
	corruptionCodes = []string{"XX001", "XX002"}
)

// raiseRoutine is the routine of Postgres that raises the error of a PL/pgSQL RAISE.
const raiseRoutine = "exec_stmt_raise"

// privilegeRoutines are the routines of Postgres that report that the role lacks a privilege.
var privilegeRoutines = []string{"aclcheck_error", "aclcheck_error_col", "aclcheck_error_type"}

// The routines of Postgres that refuse a row because of a policy, and because a trigger raises the
// error. With the same SQLSTATE, other routines report that the role lacks a privilege on the table.
var refusingRoutines = []string{"ExecWithCheckOptions", raiseRoutine}

// isNotAllowed reports whether a policy or a trigger does not allow the role to write a row.
func isNotAllowed(e *pgconn.PgError) bool {
	return e.Code == insufficientRight && slices.Contains(refusingRoutines, e.Routine)
}

// sessionClasses are the SQLSTATE classes of errors of a session, a transaction or the server, which
// another statement would meet too: connection, transaction state, rollback, resources, objects in
// use, operator intervention, system errors.
var sessionClasses = []string{"08", "25", "40", "53", "55", "57", "58"}

// isStatementError reports whether the error belongs to the statement alone, so that after a
// rollback to a savepoint another statement can do the same work.
func isStatementError(err error) bool {
	fromServer, ok := errors.AsType[*pgconn.PgError](err)
	return ok && fromServer.SeverityUnlocalized == "ERROR" && len(fromServer.Code) >= 2 &&
		!slices.Contains(sessionClasses, fromServer.Code[:2])
}

// contentErrorOf returns the error with which Postgres rejected rows for their content; nil for any
// other error.
func contentErrorOf(err error) *pgconn.PgError {
	rejection := rejectionOf(err)
	if rejection == nil || rejection.Code != raiseException && !isNotAllowed(rejection) && !slices.Contains(rejectionClasses, rejection.Code[:2]) {
		return nil
	}
	return rejection
}

// rejectionOf returns the error of a statement that one of its rows may have caused, whatever its
// SQLSTATE, because a trigger can raise any; nil for any other error. If another statement with the
// same rows would certainly fail too, whatever the rows contain, it is no rejection.
func rejectionOf(err error) *pgconn.PgError {
	rejection, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case !ok || !isStatementError(err):
		return nil
	case rejection.Routine == raiseRoutine:
		return rejection
	case slices.Contains(changeCodes, rejection.Code) || slices.Contains(corruptionCodes, rejection.Code):
		return nil
	case rejection.Code == insufficientRight && slices.Contains(privilegeRoutines, rejection.Routine):
		return nil
	}
	return rejection
}

// markChanged adds ErrChanged to an error that a changed table causes.
func markChanged(err error) error {
	var pgError *pgconn.PgError
	if errors.As(err, &pgError) && slices.Contains(changeCodes, pgError.Code) {
		return errors.Join(ErrChanged, err)
	}
	return err
}

// explain converts a rejection to a reason. The reason names constraints and columns, and repeats the
// message of a RAISE, which is written for people. It never repeats a message or detail of Postgres,
// which may contain other rows.
func (t *Table) explain(rejection *pgconn.PgError) operation.Reason {
	r := operation.Reason{Code: CodeUnspecified, Message: "the table refused the record (SQLSTATE " + rejection.Code + ")"}
	constraint := `"` + rejection.ConstraintName + `"`
	switch rejection.Code {
	case notNullViolation:
		r.Code, r.Message = CodeNotNull, "a value is needed in column \""+rejection.ColumnName+"\""
	case foreignKeyViolation:
		r.Code, r.Message = CodeForeignKey, "the row that the foreign key "+constraint+" refers to does not exist"
	case uniqueViolation:
		r.Code, r.Message = CodeUnique, "another row holds the same value under the unique constraint "+constraint
	case checkViolation:
		r.Code, r.Message = CodeCheck, "the record does not satisfy the check constraint "+constraint
		if rejection.ConstraintName == "" { // that is how Postgres reports partitions
			r.Code, r.Message = CodeNoPartition, "the table has no partition for the record, or is a partition into which it does not belong"
		}
	case checkOptionViolated:
		r.Code, r.Message = CodeCheck, "the record is not one that the view shows (WITH CHECK OPTION)"
	case exclusionViolation:
		r.Code, r.Message = CodeExclusion, "another row conflicts under the exclusion constraint "+constraint
	case insufficientRight:
		r.Code, r.Message = CodeNotAllowed, "a policy of the table does not allow the record, or it has a key that is hidden by one"
	case stringTooLong:
		r.Code, r.Message = CodeTooLong, "a text is longer than its column allows"
	case numberOutOfRange, datetimeOverflow:
		r.Code, r.Message = CodeOutOfRange, "a value is out of the range of its column"
	default:
		r.Message = describeState(rejection.Code)
	}
	if rejection.Routine == raiseRoutine && !t.hideMessages {
		r.Message = "a trigger of the table refused the record: " + strings.ToValidUTF8(truncate(rejection.Message), "")
	}
	if i := t.field(rejection.ColumnName) - t.bookkeeping; rejection.Code == invalidText && i >= 0 && len(t.columns[i].labels) > 0 {
		r.Code, r.Message = CodeInvalid, "the column's type "+t.columns[i].typeName+" needs one of its labels: "+labelList(t.columns[i].labels)
	}
	r.Pointer = t.pointerTo(cmp.Or(rejection.ColumnName, t.checked[rejection.ConstraintName]))
	return r
}

// maxLabels limits the labels that a reason lists.
const maxLabels = 50

func labelList(labels []string) string {
	list := strings.Join(labels[:min(len(labels), maxLabels)], ", ")
	if more := len(labels) - maxLabels; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

// maxTriggerMessage limits the part of a trigger's message that a reason repeats, in bytes.
const maxTriggerMessage = 1000

func truncate(message string) string { return message[:min(len(message), maxTriggerMessage)] }

// pointerTo returns the JSON Pointer of a declared member; for any other column "", which is the
// whole record.
func (t *Table) pointerTo(columnName string) string {
	for i := range t.columns {
		if t.columns[i].name == columnName {
			return pointer(columnName)
		}
	}
	return ""
}
