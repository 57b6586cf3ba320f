package store

import (
	"context"
	"fmt"
)

// SchemaBytes returns the size of all tables of the schema xforce on the server's disk, with their
// indexes, less the space that new records can reuse: Postgres seldom returns the space of deleted
// rows to the disk. Large values are stored in pieces of 2 KiB, so the number of pieces that are left
// shows how much of their table is in use, once that table was vacuumed. The query reads statistics
// and sizes of files, and no table.
func (s *Store) SchemaBytes(ctx context.Context) (bytes int64, err error) {
	const size = `
SELECT coalesce(sum(pg_total_relation_size(c.oid) - CASE WHEN coalesce(s.last_vacuum, s.last_autovacuum) IS NULL THEN 0
    ELSE greatest(0, pg_relation_size(c.reltoastrelid) - (s.n_live_tup + s.n_dead_tup) * 2048) END), 0)::bigint
FROM pg_class c LEFT JOIN pg_stat_all_tables s ON s.relid = c.reltoastrelid
WHERE c.relnamespace = 'xforce'::regnamespace AND c.relkind = 'r'`
	if err := s.pool.QueryRow(ctx, size).Scan(&bytes); err != nil {
		return 0, fmt.Errorf("measuring the schema xforce: %w", ClientError(err))
	}
	return bytes, nil
}
