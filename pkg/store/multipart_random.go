package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/s2"
)

// cachedBlocks is how many blocks of about 1 MiB a PartsFile keeps.
const cachedBlocks = 4

// PartsFile reads the parts of a finished multipart upload as one file at any offset, for formats that cannot be read
// from beginning to end. Like a PartsReader it uses no connection between reads. It is not safe for concurrent use.
type PartsFile struct {
	ctx    context.Context
	store  *Store
	id     uuid.UUID
	blocks []storedBlock
	size   int64
	cache  []cachedBlock // the last one used first
	err    error
}

type storedBlock struct {
	Version uuid.UUID
	Seq     int
	Bytes   int
	offset  int64
}

type cachedBlock struct {
	index int
	plain []byte
}

// OpenParts returns the parts of a finished upload as a file. Its reads fail when the context ends.
func (s *Store) OpenParts(ctx context.Context, id uuid.UUID) (*PartsFile, error) {
	const inOrder = `
SELECT version, seq, b.byte_count FROM xforce.upload_parts p JOIN xforce.upload_pieces b USING (task_id, version)
WHERE task_id = $1 ORDER BY part, seq`
	const total = `SELECT coalesce(sum(byte_count), 0)::bigint FROM xforce.upload_parts WHERE task_id = $1`
	f := &PartsFile{ctx: ctx, store: s, id: id}
	var promised int64
	if err := s.pool.QueryRow(ctx, total, id).Scan(&promised); err != nil {
		return nil, fmt.Errorf("adding up the parts of an upload: %w", err)
	}
	blocks, err := collect(ctx, s.pool, "listing the blocks of an upload", pgx.RowToStructByPos[storedBlock], inOrder, id)
	if err != nil {
		return nil, err
	}
	f.blocks = blocks
	for i := range f.blocks {
		f.blocks[i].offset = f.size
		f.size += int64(f.blocks[i].Bytes)
	}
	if f.size != promised {
		return nil, fmt.Errorf("the parts of an upload have %d bytes, but %d are stored", promised, f.size)
	}
	return f, nil
}

// Size returns the number of bytes.
func (f *PartsFile) Size() int64 { return f.size }

// Err returns the error that ended the reading, which a parser may hide in an error of its own.
func (f *PartsFile) Err() error { return f.err }

// ReadAt implements io.ReaderAt.
func (f *PartsFile) ReadAt(p []byte, offset int64) (n int, err error) {
	for n < len(p) {
		at := offset + int64(n)
		if at < 0 || at >= f.size {
			return n, io.EOF
		}
		i := sort.Search(len(f.blocks), func(i int) bool { return f.blocks[i].offset > at }) - 1
		block, err := f.block(i)
		if err != nil {
			f.err = errors.Join(f.err, err)
			return n, err
		}
		n += copy(p[n:], block[at-f.blocks[i].offset:])
	}
	return n, nil
}

// block returns the bytes of a block.
func (f *PartsFile) block(i int) ([]byte, error) {
	for n, c := range f.cache {
		if c.index == i {
			copy(f.cache[1:n+1], f.cache[:n])
			f.cache[0] = c
			return c.plain, nil
		}
	}
	const load = `SELECT payload FROM xforce.upload_pieces WHERE task_id = $1 AND version = $2 AND seq = $3`
	b := f.blocks[i]
	var payload []byte
	if err := f.store.pool.QueryRow(f.ctx, load, f.id, b.Version, b.Seq).Scan(&payload); err != nil {
		return nil, fmt.Errorf("reading block %d of an upload: %w", i, err)
	}
	plain, err := s2.Decode(nil, payload)
	if err != nil {
		return nil, fmt.Errorf("reading block %d of an upload: %w", i, err)
	}
	if len(plain) != b.Bytes {
		return nil, fmt.Errorf("block %d of an upload has %d bytes, but %d are stored", i, b.Bytes, len(plain))
	}
	f.cache = append([]cachedBlock{{i, plain}}, f.cache[:min(len(f.cache), cachedBlocks-1)]...)
	return plain, nil
}
