package ingest

import (
	"context"
	"fmt"
	"sync"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/table/load"
	"github.com/longshore-io/longshore/pkg/worker"
	"github.com/longshore-io/longshore/services/importer/internal/record"
	"github.com/longshore-io/longshore/services/importer/internal/schema"
)

// plan is what is prepared once for a collection: how its records are checked and where they go.
type plan struct {
	checker *schema.Checker
	table   *load.Table
	// benches keeps the buffers of steps, so that a step does not allocate them anew.
	benches sync.Pool
}

// bench is where one step works. It serves one step at a time.
type bench struct {
	opener chunk.Opener
	reader *record.Reader
	batch  *load.Batch
}

// plans makes the plan of a collection when it is first needed and keeps it.
type plans struct {
	tables      Tables
	collections *collection.Catalog
	limits      record.Limits

	mu     sync.Mutex
	byName map[string]*plan
}

// Tables reads a collection's target table from the catalog.
type Tables interface {
	Describe(ctx context.Context, c *collection.Collection) (*load.Table, error)
}

func (p *plans) get(ctx context.Context, name string) (*plan, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if made, ok := p.byName[name]; ok {
		return made, nil
	}
	c, err := worker.Collection(p.collections, name)
	if err != nil {
		return nil, err
	}
	made, err := p.make(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("preparing collection %q: %w", name, err)
	}
	p.byName[name] = made
	return made, nil
}

func (p *plans) make(ctx context.Context, c *collection.Collection) (*plan, error) {
	checker, err := schema.Compile(c)
	if err != nil {
		return nil, err
	}
	table, err := p.tables.Describe(ctx, c)
	if err != nil {
		return nil, err
	}
	made := &plan{checker: checker, table: table}
	made.benches.New = func() any {
		return &bench{reader: record.NewReader(c, p.limits), batch: table.NewBatch()}
	}
	return made, nil
}

// forget drops a plan after a step failed with it: the table may have changed since it was described.
func (p *plans) forget(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.byName, name)
}
