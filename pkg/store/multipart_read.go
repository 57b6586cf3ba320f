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

// blocksPerRead is how many blocks of about 1 MiB one query of a PartsReader returns.
const blocksPerRead = 4

// PartsReader reads the parts of a multipart upload in order as one stream. It uses no connection
// between reads. It is not safe for concurrent use.
type PartsReader struct {
	ctx   context.Context
	store *Store
	id    uuid.UUID
	parts []storedPart // the unread parts; the first one may be partly read
	seq   int          // the next block of the first part
	read  int64        // the bytes read of the first part
	plain []byte
	err   error
}

type storedPart struct {
	Number  int
	Version uuid.UUID
	Bytes   int64
}

// ReadParts returns a reader of the parts of a finished upload. Its reads fail when the context
// ends.
func (s *Store) ReadParts(ctx context.Context, id uuid.UUID) (*PartsReader, error) {
	const inOrder = `SELECT part, version, byte_count FROM xforce.upload_parts WHERE task_id = $1 ORDER BY part`
	parts, err := collect(ctx, s.pool, "listing parts", pgx.RowToStructByPos[storedPart], inOrder, id)
	if err != nil {
		return nil, err
	}
	return &PartsReader{ctx: ctx, store: s, id: id, parts: parts}, nil
}

// Err returns the error that ended the reading; nil at the end of the last part. A parser may hide
// it in an error of its own.
func (r *PartsReader) Err() error {
	if errors.Is(r.err, io.EOF) {
		return nil
	}
	return r.err
}

// Read implements io.Reader across the borders of parts.
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

// fetch reads the next blocks. It returns io.EOF after the last one.
func (r *PartsReader) fetch() error {
	for len(r.parts) > 0 && len(r.plain) == 0 {
		blocks, err := r.readBlocks(r.parts[0])
		if err != nil {
			return err
		}
		if blocks < blocksPerRead {
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

// nextPart checks that the current part was read completely and moves to the next one.
func (r *PartsReader) nextPart() error {
	part := r.parts[0]
	if r.read != part.Bytes {
		return fmt.Errorf("part %d has %d bytes, but %d are stored", part.Number, part.Bytes, r.read)
	}
	r.parts, r.seq, r.read = r.parts[1:], 0, 0
	return nil
}

// readBlocks appends the part's next blocks to r.plain and returns how many there were.
func (r *PartsReader) readBlocks(part storedPart) (int, error) {
	const next = `
SELECT seq, payload FROM xforce.upload_pieces WHERE task_id = $1 AND version = $2 AND seq >= $3 ORDER BY seq LIMIT $4`
	type block struct {
		Seq     int
		Payload []byte
	}
	blocks, err := collect(r.ctx, r.store.pool, fmt.Sprintf("reading part %d", part.Number), pgx.RowToStructByPos[block],
		next, r.id, part.Version, r.seq, blocksPerRead)
	if err != nil {
		return 0, err
	}
	for _, b := range blocks {
		if b.Seq != r.seq {
			return 0, fmt.Errorf("reading part %d: block %d is missing", part.Number, r.seq)
		}
		plain, err := s2.Decode(nil, b.Payload)
		if err != nil {
			return 0, fmt.Errorf("reading part %d: %w", part.Number, err)
		}
		r.plain = append(r.plain, plain...)
		r.read += int64(len(plain))
		r.seq++
	}
	return len(blocks), nil
}
