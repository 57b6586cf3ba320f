package load

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/table"
)

// sequenceLocks are the class of the advisory locks under which sequences are set. The object is the
// OID of the sequence.
const sequenceLocks = 0x6c6f6e67

// advanceSequences moves each sequence from which a column draws by default beyond the numbers that
// records have brought for the column, so that it does not return them later. A sequence that the role
// may not set is reported as a warning.
//
// A sequence is never moved back by another load: both hold an advisory lock while they compare and
// set it. It could only be moved back by a session that draws so many numbers between the comparison
// and the assignment of one statement that it passes the new value. Setting a sequence is not undone if
// the transaction is rolled back, which leaves a gap and does no harm.
func (l *loader) advanceSequences(ctx context.Context) error {
	if l.mode == collection.Delete {
		return nil
	}
	for i := range l.table.columns {
		c := &l.table.columns[i]
		if c.standard == nil || c.standard.Sequence == nil || c.standard.Sequence.Max == 0 {
			continue
		}
		number := min(l.greatest(i), c.standard.Sequence.Max)
		if number < 1 {
			continue
		}
		if err := l.advance(ctx, c, c.standard.Sequence, number); err != nil {
			return err
		}
	}
	return nil
}

// greatest returns the greatest number that a written record has brought for the column; 0 if none.
func (l *loader) greatest(column int) (number int64) {
	fields := make([][]byte, l.table.fields())
	for i := range l.batch.entries {
		row := int32(i)
		if !l.isWritten(row) || contains(l.batch.absences.sets[l.batch.entries[i].absent], column) {
			continue
		}
		splitFields(fields, l.batch.encoded(row))
		number = max(number, l.table.columns[column].integer(fields[l.table.bookkeeping+column]))
	}
	return number
}

// integer decodes an encoded integer with its length word; any other value is 0.
func (c *column) integer(field []byte) int64 {
	switch value := field[4:]; {
	case isNullField(field):
	case c.base == pgtype.Int2OID:
		return int64(int16(binary.BigEndian.Uint16(value))) //nolint:gosec // two's complement is the wire format
	case c.base == pgtype.Int4OID:
		return int64(int32(binary.BigEndian.Uint32(value))) //nolint:gosec // see above
	case c.base == pgtype.Int8OID:
		return int64(binary.BigEndian.Uint64(value)) //nolint:gosec // see above
	}
	return 0
}

// advance sets the sequence to the number unless it is there or beyond. The savepoint, which is rolled
// back, ends the lock at once; the sequence keeps its value.
func (l *loader) advance(ctx context.Context, c *column, s *table.Sequence, number int64) error {
	if !s.Settable {
		l.warnings = append(l.warnings, fmt.Sprintf("records brought numbers for column %[1]q, and the role %[2]s cannot advance the sequence %[3]s"+
			" from which its default draws, so that it may return them again: GRANT SELECT, UPDATE ON SEQUENCE %[3]s TO %[4]s",
			c.name, l.table.access.Role, s.Name, quote(l.table.access.Role)))
		return nil
	}
	behind := fmt.Sprintf("FROM %s WHERE last_value < %[2]d OR last_value = %[2]d AND NOT is_called", s.Name, number)
	isBehind := l.conn.Exec(ctx, "SELECT 1 "+behind)
	found := isBehind.NextResult() && isBehind.ResultReader().NextRow()
	if err := isBehind.Close(); err != nil || !found {
		return err
	}
	return l.exec(ctx, savepointSQL+"; SELECT pg_advisory_xact_lock("+strconv.Itoa(sequenceLocks)+", "+strconv.FormatUint(uint64(s.OID), 10)+"::oid::int); "+
		"SELECT setval("+literal(s.Name)+", "+strconv.FormatInt(number, 10)+") "+behind+"; "+rollbackSQL)
}
