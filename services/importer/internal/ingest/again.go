package ingest

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// stepAgain tries the records that await their parents. They are rejected if no other step can write
// the parents and this one has written none of the records.
func (p *pipeline) stepAgain(ctx context.Context, s *store.AwaitingStep) (store.Effect, error) {
	buffers, _ := p.scratch.Get().(*scratch)
	defer p.scratch.Put(buffers)
	buffers.batch.Reset()
	buffers.batch.AwaitParents(!s.Last)
	buffers.candidates, buffers.missed = buffers.candidates[:0], buffers.missed[:0]
	var rows staged
	for _, c := range s.Chunks {
		records, err := buffers.awaiting(c)
		if err != nil {
			return store.Effect{}, err
		}
		for n, raw := range records {
			if c.Outcomes[n] == operation.Unprocessed {
				buffers.candidates = append(buffers.candidates, candidate{c.FirstRow + n, raw})
			}
		}
		rows = append(rows, stagedRows{c.FirstRow, records, slices.Clone(c.Outcomes)})
	}
	rejected, _ := buffers.check(p)
	if buffers.lookups != nil {
		var err error
		if rejected, _, err = buffers.lookUp(ctx, &s.Step, p, rejected); err != nil {
			return store.Effect{}, err
		}
	}
	loaded, err := s.Load(ctx, buffers.batch)
	if err != nil {
		return store.Effect{}, fmt.Errorf("loading the records that await their parents: %w", err)
	}
	loaded.Rejected = append(loaded.Rejected, buffers.missed...)
	wrote := slices.ContainsFunc(loaded.Outcomes, func(o operation.Outcome) bool { return o != operation.Rejected })
	return rows.effect(rejected, buffers.batch, loaded, wrote || !s.Last), nil
}

// awaiting returns the records of a chunk. Those that await their parents are copied, because the
// next chunk overwrites the buffers; the others are nil.
func (b *scratch) awaiting(c store.AwaitingChunk) ([][]byte, error) {
	opened, err := b.opener.Open(c.Payload, c.Rows)
	if err != nil {
		return nil, err
	}
	records := make([][]byte, len(opened))
	for n, raw := range opened {
		if c.Outcomes[n] == operation.Unprocessed {
			records[n] = bytes.Clone(raw)
		}
	}
	return records, nil
}
