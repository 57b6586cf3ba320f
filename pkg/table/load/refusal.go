package load

import (
	"errors"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/operation"
)

// SQLSTATEs that have a reason of their own (PostgreSQL, appendix A).
const (
	notNullViolation    = "23502"
	foreignKeyViolation = "23503"
	uniqueViolation     = "23505"
	checkViolation      = "23514"
	exclusionViolation  = "23P01"
	stringTooLong       = "22001"
	numberOutOfRange    = "22003"
	datetimeOverflow    = "22008"
)

// ErrChanged is part of Load's error if Postgres no longer knows the table as it was described: describe it again.
var ErrChanged = errors.New("the table's definition has changed since it was described")

var (
	// refusalClasses are those by which Postgres refuses a row for what it holds: data exceptions, integrity constraints, and
	// program limits, such as a key too long for its index or JSON too deep to parse. A trigger raises its own.
	refusalClasses = []string{"22", "23", "54"}
	raiseException = "P0001"
	// changes say that the statement or the encoding of the rows no longer fits: undefined table or column, no index for
	// the key, another composite type, and two ways to say that a value's binary form is not its type's.
	changes = []string{"42P01", "42703", "42P10", "42804", "22P03", "08P01"}
)

// refusalOf returns the error by which Postgres refused rows; nil if it is another error.
func refusalOf(err error) *pgconn.PgError {
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) || len(refusal.Code) < 2 || slices.Contains(changes, refusal.Code) {
		return nil
	}
	if refusal.Code != raiseException && !slices.Contains(refusalClasses, refusal.Code[:2]) {
		return nil
	}
	return refusal
}

// blame adds ErrChanged to an error that comes of a change.
func blame(err error) error {
	var refusal *pgconn.PgError
	if errors.As(err, &refusal) && slices.Contains(changes, refusal.Code) {
		return errors.Join(ErrChanged, err)
	}
	return err
}

// explain makes a reason of a refusal. It names constraints and columns, and never repeats Postgres's detail, which may
// show other rows.
func (t *Table) explain(refusal *pgconn.PgError) operation.Reason {
	r := operation.Reason{Code: CodeUnspecified, Message: "the table refused the record (SQLSTATE " + refusal.Code + ")"}
	constraint := `"` + refusal.ConstraintName + `"`
	switch refusal.Code {
	case notNullViolation:
		r.Code, r.Message = CodeNotNull, "a value is needed in column \""+refusal.ColumnName+"\""
	case foreignKeyViolation:
		r.Code, r.Message = CodeForeignKey, "the row that the foreign key "+constraint+" refers to does not exist"
	case uniqueViolation:
		r.Code, r.Message = CodeUnique, "another row holds the same value under the unique constraint "+constraint
	case checkViolation:
		r.Code, r.Message = CodeCheck, "the record does not satisfy the check constraint "+constraint
	case exclusionViolation:
		r.Code, r.Message = CodeExclusion, "another row conflicts under the exclusion constraint "+constraint
	case stringTooLong:
		r.Code, r.Message = CodeTooLong, "a text is longer than its column allows"
	case numberOutOfRange, datetimeOverflow:
		r.Code, r.Message = CodeOutOfRange, "a value is out of the range of its column"
	}
	r.Pointer = t.pointerTo(refusal.ColumnName)
	return r
}

// pointerTo is the pointer to a declared member; empty, the whole record, for another column.
func (t *Table) pointerTo(columnName string) string {
	for i := range t.columns {
		if t.columns[i].name == columnName {
			return pointer(columnName)
		}
	}
	return ""
}
