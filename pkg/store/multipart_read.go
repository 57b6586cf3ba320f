package store

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/s2"
)

// piecesAtOnce is how many pieces one query of a PartsReader brings: they are about 1 MiB each.
const piecesAtOnce = 4

// PartsReader reads the parts of an upload in pieces in order as one stream. It holds no connection between reads. It is not safe for
// concurrent use.
type PartsReader struct {
	ctx   context.Context
	store *Store
	id    uuid.UUID
	parts []storedPart // not read yet; the first may be in the middle
	seq   int          // of the next piece of the first part
	read  int64        // of the first part
	plain []byte
	err   error
}

type storedPart struct {
	number  int
	version uuid.UUID
	bytes   int64
}

// ReadParts begins to read the parts of a finished upload. The reads end with the context.
func (s *Store) ReadParts(ctx context.Context, id uuid.UUID) (*PartsReader, error) {
	const inOrder = `SELECT part, version, byte_count FROM xforce.upload_parts WHERE task_id = $1 ORDER BY part`
	rows, err := s.pool.Query(ctx, inOrder, id)
	if err != nil {
		return nil, fmt.Errorf("listing parts: %w", err)
	}
	parts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p storedPart, err error) {
		err = row.Scan(&p.number, &p.version, &p.bytes)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("listing parts: %w", err)
	}
	return &PartsReader{ctx: ctx, store: s, id: id, parts: parts}, nil
}

// Err is what ended the reading, if it was not the end of the last part. Parsers may hide it in an error of their own.
func (r *PartsReader) Err() error {
	if errors.Is(r.err, io.EOF) {
		return nil
	}
	return r.err
}

// Read reads on, across the borders of parts.
func (r *PartsReader) Read(p []byte) (int, error) {
	for len(r.plain) == 0 {
		if r.err == nil {
			r.err = r.fetch()
		}
		if r.err != nil && len(r.plain) == 0 {
			return 0, r.err
		}
	}
	n := copy(p, r.plain)
	r.plain = r.plain[n:]
	return n, nil
}

// fetch reads the next pieces; io.EOF follows the last.
func (r *PartsReader) fetch() error {
	for len(r.parts) > 0 && len(r.plain) == 0 {
		found, err := r.pieces(r.parts[0])
		if err != nil {
			return err
		}
		if found < piecesAtOnce {
			if err := r.nextPart(); err != nil {
				return err
			}
		}
	}
	if len(r.plain) == 0 {
		return io.EOF
	}
	return nil
}

// nextPart makes sure that all of a part was there.
func (r *PartsReader) nextPart() error {
	part := r.parts[0]
	if r.read != part.bytes {
		return fmt.Errorf("part %d has %d bytes, but %d are there", part.number, part.bytes, r.read)
	}
	r.parts, r.seq, r.read = r.parts[1:], 0, 0
	return nil
}

func (r *PartsReader) pieces(part storedPart) (found int, err error) {
	const next = `
SELECT seq, payload FROM xforce.upload_pieces WHERE task_id = $1 AND version = $2 AND seq >= $3 ORDER BY seq LIMIT $4`
	rows, err := r.store.pool.Query(r.ctx, next, r.id, part.version, r.seq, piecesAtOnce)
	if err != nil {
		return 0, fmt.Errorf("reading part %d: %w", part.number, err)
	}
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		var seq int
		var packed []byte
		if err := row.Scan(&seq, &packed); err != nil {
			return struct{}{}, err
		}
		if seq != r.seq {
			return struct{}{}, fmt.Errorf("piece %d is missing", r.seq)
		}
		plain, err := s2.Decode(nil, packed)
		if err != nil {
			return struct{}{}, err
		}
		r.plain = append(r.plain, plain...)
		r.read += int64(len(plain))
		r.seq++
		found++
		return struct{}{}, nil
	})
	if err != nil {
		return 0, fmt.Errorf("reading part %d: %w", part.number, err)
	}
	return found, nil
}
