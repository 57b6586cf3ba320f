package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sync/singleflight"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/record"
	"github.com/longshore-io/longshore/pkg/schema"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/load"
	"github.com/longshore-io/longshore/pkg/worker"
)

// pipeline checks and loads the records of one collection. It is safe for concurrent use.
type pipeline struct {
	checker *schema.Checker
	table   *load.Table
	// defaults are the values of absent members, by their place among the collection's properties; nil if there are
	// none.
	defaults []jsontext.Value
	// scratch reuses the buffers of steps.
	scratch sync.Pool
	// described is when the table was described. number is the number of the operation that asked for it, so that
	// operations with a lower one were accepted before.
	described time.Time
	number    int64
}

// maxKept is how long a description of a table is used. Not everything that it says shows when it is no longer true, such as
// a privilege that was missing, so tables in use are described again.
const maxKept = 10 * time.Second

// serves reports whether the pipeline can be used for an operation's number, or with 0 for any operation that it does not
// fail.
func (p *pipeline) serves(number int64) bool {
	if number == 0 {
		return time.Since(p.described) < maxKept
	}
	return !p.mayBeOutdated(number)
}

// maxAge is how long a description of a table is trusted by operations that were accepted before it was made.
const maxAge = 5 * time.Second

// mayBeOutdated reports whether the table may have changed since it was described, for an operation's number.
func (p *pipeline) mayBeOutdated(number int64) bool {
	return p.number < number || time.Since(p.described) > maxAge
}

// defaultsOf returns the values of the keyword default. They apply where rows are written as a whole: merge and update
// leave the columns of absent members alone.
func defaultsOf(c *collection.Collection, mode collection.WriteMode) (defaults []jsontext.Value) {
	if mode != collection.Replace && mode != collection.Insert {
		return nil
	}
	for i, p := range c.Properties {
		if p.Default != nil {
			defaults = slices.Grow(defaults, len(c.Properties))[:len(c.Properties)]
			defaults[i] = jsontext.Value(p.Default)
		}
	}
	return defaults
}

// scratch contains the buffers of one step. Only one step at a time can use it.
type scratch struct {
	opener chunk.Opener
	reader *record.Reader
	batch  *load.Batch
	// trial finds what the columns refuse of a record that the schema refuses.
	trial *load.Batch
	// candidates are the records that the step tries.
	candidates []candidate
	// missed are those whose row a lookup did not find, and whose key is therefore unknown.
	missed []operation.Rejection
	// lookups are nil if the collection has none.
	lookups *lookups
	// number is that of the import whose records are checked, if the batch is for several.
	number int64
}

// maxPipelines is how many pipelines are kept.
const maxPipelines = 500

// pipelines creates the pipeline of a version of a collection and a role on first use and caches it.
type pipelines struct {
	store       *store.Store
	collections worker.Collections
	limits      record.Limits
	// creating lets the steps that need the same pipeline create it once. Those of other pipelines do not wait.
	creating singleflight.Group

	mu     sync.Mutex
	cached map[pipelineKey]*pipeline
}

// pipelineKey identifies a pipeline by the content of the collection, because versions differ, by the role,
// because what a role may do with a table differs between roles, and by how records are written.
type pipelineKey struct {
	collection, digest, role string
	writing                  collection.Writing
}

// get returns the pipeline for an operation, and its key. With the operation's number, it is one that cannot be outdated
// for it; with 0, any.
func (p *pipelines) get(ctx context.Context, attempt store.Attempt, number int64) (*pipeline, pipelineKey, error) {
	c, err := worker.Target(ctx, p.collections, attempt.Collection, attempt.Caller)
	if err != nil {
		return nil, pipelineKey{}, err
	}
	writing, err := c.WritingFor(attempt.Writing)
	if err != nil {
		return nil, pipelineKey{}, fmt.Errorf("reading how the records are written: %w", err)
	}
	key := pipelineKey{c.Name, c.Digest(), attempt.Caller.Role, writing}
	p.mu.Lock()
	cached, ok := p.cached[key]
	p.mu.Unlock()
	if ok && cached.serves(number) {
		return cached, key, nil
	}
	created, err, _ := p.creating.Do(fmt.Sprint(key, number), func() (any, error) {
		described := time.Now()
		made, err := p.create(ctx, c, writing, attempt.Caller)
		if err == nil {
			made.described, made.number = described, number
		}
		if err == nil && ok {
			made.number = max(number, cached.number)
		}
		return made, err
	})
	if err != nil && ok && number == 0 && worker.IsTransient(ctx, err) {
		return cached, key, nil
	}
	if err != nil {
		return nil, key, fmt.Errorf("preparing collection %q: %w", c.Name, err)
	}
	made, _ := created.(*pipeline)
	p.keep(key, made)
	return made, key, nil
}

func (p *pipelines) keep(key pipelineKey, created *pipeline) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.cached) >= maxPipelines {
		clear(p.cached)
	}
	p.cached[key] = created
}

func (p *pipelines) create(ctx context.Context, c *collection.Collection, w collection.Writing, caller access.Caller) (*pipeline, error) {
	checker, err := schema.CompileFor(c, w.Mode)
	if err != nil {
		return nil, err
	}
	table, err := p.store.Describe(ctx, c, caller)
	if err != nil {
		return nil, err
	}
	if err := table.CheckMode(w.Mode); err != nil {
		return nil, err
	}
	created := &pipeline{checker: checker, table: table, defaults: defaultsOf(c, w.Mode)}
	created.scratch.New = func() any {
		batch, trial := table.NewBatch(), table.NewBatch()
		_ = errors.Join(batch.SetWriting(w), trial.SetWriting(w)) // CheckMode has checked it
		return &scratch{reader: record.NewReaderFor(c, p.limits, w.Unknown), batch: batch, trial: trial, lookups: newLookups(c, checker, table, w.Mode)}
	}
	return created, nil
}

// remove removes a pipeline whose step has failed, because the table may have changed since it was
// described.
func (p *pipelines) remove(key pipelineKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.cached, key)
}
