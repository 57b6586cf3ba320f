package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/load"
	"github.com/longshore-io/longshore/pkg/worker"
)

// ProcessGroup processes imports of one chunk each in one transaction. An import with a record that is rejected is left
// out. It returns load.ErrSeparately if the imports may succeed separately.
func (i *Ingest) ProcessGroup(ctx context.Context, imports []store.Candidate) (store.GroupCommitted, error) {
	pipeline, key, err := i.pipelines.get(ctx, imports[0].Attempt, 0)
	if err != nil {
		return store.GroupCommitted{}, err
	}
	done, err := i.store.RunGroup(ctx, imports, pipeline.group)
	if err != nil {
		if !errors.Is(err, load.ErrSeparately) && !worker.IsTransient(ctx, err) {
			i.pipelines.remove(key) // the table may have changed since it was described
		}
		return done, err
	}
	for _, committed := range done.Imports {
		i.counted.Count(key.collection, committed.Counts)
	}
	return done, nil
}

// group is step for several imports.
func (p *pipeline) group(ctx context.Context, s *store.GroupStep) error {
	buffers, _ := p.scratch.Get().(*scratch)
	defer p.scratch.Put(buffers)
	if buffers.lookups != nil {
		return load.ErrSeparately
	}
	buffers.batch.Reset()
	written := make([]*store.Member, 0, len(s.Members))
	for i := range s.Members {
		added, err := buffers.addImport(p, &s.Members[i])
		if err != nil {
			return err
		}
		if added {
			written = append(written, &s.Members[i])
		}
	}
	if len(written) == 0 {
		return load.ErrSeparately
	}
	loaded, err := s.Load(ctx, buffers.batch)
	if err != nil {
		return fmt.Errorf("loading the records: %w", err)
	}
	outcomes := slices.Clone(loaded.Outcomes) // the next step overwrites the buffers
	for _, m := range written {
		m.Outcomes, outcomes = outcomes[:m.Rows:m.Rows], outcomes[m.Rows:]
	}
	return nil
}

// addImport adds the records of an import to the batch, and reports whether all of them are valid; otherwise it adds none.
func (b *scratch) addImport(p *pipeline, m *store.Member) (added bool, err error) {
	records, err := b.opener.Open(m.Payload, m.Rows)
	if err != nil {
		return false, err
	}
	before := b.batch.Len()
	b.number = m.Number
	b.candidates = b.candidates[:0]
	for n, raw := range records {
		b.candidates = append(b.candidates, candidate{n + 1, raw})
	}
	rejected, _ := b.check(p)
	b.number = 0
	if len(rejected) > 0 {
		b.batch.Truncate(before)
		return false, nil
	}
	return true, nil
}
