package target

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

// refusals are the classes and codes by which Postgres refuses a row for what it holds: data exceptions, integrity
// constraints, a program limit (a key too long for its index, JSON too deep to parse), and the error that triggers raise.
var (
	refusalClasses = []string{"22", "23", "54"}
	raiseException = "P0001"
)

// refusalOf returns the error by which Postgres refused rows; nil if it is another error.
func refusalOf(err error) *pgconn.PgError {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || len(refused.Code) < 2 {
		return nil
	}
	if refused.Code != raiseException && !slices.Contains(refusalClasses, refused.Code[:2]) {
		return nil
	}
	return refused
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
