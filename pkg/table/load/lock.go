package load

import (
	"context"
	"strconv"
)

// tableLocks are the class of the advisory locks under which tables are written without ON CONFLICT. The object is the
// OID of the table or view.
const tableLocks = 0x6c6f6e68

// lockTable lets one load at a time write to the table, until its transaction ends. Without ON CONFLICT, a row that
// another load inserts between the look for a key and the INSERT would be a refused record or a second row.
func (l *loader) lockTable(ctx context.Context) error {
	return l.exec(ctx, "SELECT pg_advisory_xact_lock("+strconv.Itoa(tableLocks)+", "+strconv.FormatUint(uint64(l.table.kinds.lock), 10)+"::oid::int)")
}
