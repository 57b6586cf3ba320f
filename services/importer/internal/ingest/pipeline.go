package ingest

import (
	"context"
	"fmt"
	"sync"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/load"
	"github.com/longshore-io/longshore/pkg/worker"
	"github.com/longshore-io/longshore/services/importer/internal/record"
	"github.com/longshore-io/longshore/services/importer/internal/schema"
)

// pipeline checks and loads the records of one collection. It is safe for concurrent use.
type pipeline struct {
	checker *schema.Checker
	table   *load.Table
	// scratch reuses the buffers of steps.
	scratch sync.Pool
}

// scratch contains the buffers of one step. Only one step at a time can use it.
type scratch struct {
	opener chunk.Opener
	reader *record.Reader
	batch  *load.Batch
}

// pipelines creates the pipeline of a collection and a role on first use and caches it.
type pipelines struct {
	store       *store.Store
	collections *collection.Catalog
	limits      record.Limits

	mu     sync.Mutex
	cached map[pipelineKey]*pipeline
}

// pipelineKey identifies a pipeline: what a role may do with a table, and how, differs between roles.
type pipelineKey struct{ collection, role string }

func (p *pipelines) get(ctx context.Context, name string, caller access.Caller) (*pipeline, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := pipelineKey{name, caller.Role}
	if cached, ok := p.cached[key]; ok {
		return cached, nil
	}
	c, err := worker.Target(p.collections, name, caller)
	if err != nil {
		return nil, err
	}
	created, err := p.create(ctx, c, caller)
	if err != nil {
		return nil, fmt.Errorf("preparing collection %q: %w", name, err)
	}
	p.cached[key] = created
	return created, nil
}

func (p *pipelines) create(ctx context.Context, c *collection.Collection, caller access.Caller) (*pipeline, error) {
	checker, err := schema.Compile(c)
	if err != nil {
		return nil, err
	}
	table, err := p.store.Describe(ctx, c, caller)
	if err != nil {
		return nil, err
	}
	created := &pipeline{checker: checker, table: table}
	created.scratch.New = func() any {
		return &scratch{reader: record.NewReader(c, p.limits), batch: table.NewBatch()}
	}
	return created, nil
}

// remove removes a pipeline whose step has failed, because the table may have changed since it was
// described.
func (p *pipelines) remove(name, role string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.cached, pipelineKey{name, role})
}
