// Package builder builds reports. A document is written in one long step. An export of a
// collection first collects its records in short steps, each in its own transaction; an export of a
// search uses the search's results. Then one long step writes the file, and a last short step commits
// the result. Any worker continues a report from its cursor.
package builder

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/worker"
	"github.com/longshore-io/longshore/services/reporter/internal/file"
	"github.com/longshore-io/longshore/services/reporter/internal/format"
)

// Builder builds reports. It is safe for concurrent use.
type Builder struct {
	store       *store.Store
	collections worker.Collections
	maxBytes    int64
	now         func() time.Time
}

// New returns a builder. maxBytes limits the size of a report's file.
func New(db *store.Store, collections worker.Collections, maxBytes int64) *Builder {
	return &Builder{store: db, collections: collections, maxBytes: maxBytes, now: time.Now}
}

// Process runs the next step of a report.
func (b *Builder) Process(ctx context.Context, c job.Chunk, _ store.Attempt) (store.Committed, error) {
	done, err := b.runStep(ctx, c)
	return done, toClientError(err)
}

func (b *Builder) runStep(ctx context.Context, c job.Chunk) (store.Committed, error) {
	checkpoint, err := b.store.CheckpointOf(ctx, c)
	if err != nil {
		return store.Committed{}, err
	}
	bd, err := resume(checkpoint)
	if err != nil {
		return store.Committed{}, err
	}
	switch bd.cursor.Stage {
	case stageCollect:
		return b.collect(ctx, c, bd)
	case stageWrite:
		return b.write(ctx, c, bd)
	default:
		return b.store.RunResumable(ctx, c, b.finish)
	}
}

// toClientError converts the errors that no retry can resolve to a *worker.ClientError.
func toClientError(err error) error {
	if f, ok := errors.AsType[*fault.Fault](err); ok && (f.Kind == fault.Invalid || f.Kind == fault.Malformed) {
		return clientError(f.PascalCode(), "%s", f.Message)
	}
	if value, ok := errors.AsType[*format.ValueError](err); ok {
		return clientError("ValueNotRepresentable", "The format can't hold a value of the records: %s.", value)
	}
	if large, ok := errors.AsType[*file.TooLargeError](err); ok {
		return clientError("ReportTooLarge", "The report would be larger than %d bytes. Ask for less, for example by a filter.", large.Limit)
	}
	return err
}

func clientError(code, message string, args ...any) error {
	return &worker.ClientError{Failure: operation.Failure{Code: code, Message: fmt.Sprintf(message, args...)}}
}
