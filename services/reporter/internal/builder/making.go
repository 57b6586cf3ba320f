// Package making makes reports. A document is written in one held step. An export first collects its records in short steps, each with its
// own transaction, so that no report needs a long one; then it writes the file in one held step, and a last short step says what became
// of it. Whichever worker comes next goes on from the cursor.
package builder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/worker"
	"github.com/longshore-io/longshore/services/reporter/internal/file"
	"github.com/longshore-io/longshore/services/reporter/internal/format"
)

// The phases, in the words that clients see.
const (
	readingRecords = "Reading records"
	writingFile    = "Writing the file"
	finishing      = "Finishing"
)

// Builder makes reports. It is safe for concurrent use.
type Builder struct {
	store       *store.Store
	collections *collection.Catalog
	maxBytes    int64
	now         func() time.Time
}

// New makes a Making whose files have at most maxBytes.
func New(db *store.Store, collections *collection.Catalog, maxBytes int64) *Builder {
	return &Builder{store: db, collections: collections, maxBytes: maxBytes, now: time.Now}
}

// stage is what comes next.
type stage string

const (
	collecting stage = "collect"
	writing    stage = "write"
	ending     stage = "end"
)

// cursor is where a report stands between its steps.
type cursor struct {
	Stage stage `json:"stage"`
	// After is the key that the last page of records ended with.
	After json.RawMessage `json:"after,omitempty"`
	// Scanned is how many rows of the table were looked at, Estimate about how many there are.
	Scanned  int64 `json:"scanned,omitzero"`
	Estimate int64 `json:"estimate,omitzero"`
	// Pieces, Rows and Bytes are what was collected.
	Pieces int   `json:"pieces,omitzero"`
	Rows   int64 `json:"rows,omitzero"`
	Bytes  int64 `json:"bytes,omitzero"`
	// Writer is who writes the file: who finds another one here has lost the lock.
	Writer uuid.UUID `json:"writer,omitzero"`
	// File is what was written.
	File *report.File `json:"file,omitzero"`
}

func (c cursor) encode() json.RawMessage {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // a struct of numbers and texts always marshals
	}
	return text
}

// reportJob is a report and where it stands.
type reportJob struct {
	store.Checkpoint
	request report.Request
	cursor  cursor
}

func readJob(at store.Checkpoint) (reportJob, error) {
	j := reportJob{Checkpoint: at}
	var err error
	if j.request, err = report.Read(at.Request); err != nil {
		return reportJob{}, fmt.Errorf("reading the request: %w", err)
	}
	if len(at.Cursor) > 0 {
		if err := json.Unmarshal(at.Cursor, &j.cursor); err != nil {
			return reportJob{}, fmt.Errorf("reading the cursor: %w", err)
		}
		return j, nil
	}
	j.cursor.Stage = writing
	if j.request.Report == report.Records {
		j.cursor.Stage = collecting
	}
	return j, nil
}

// Process takes the next step of a report.
func (m *Builder) Process(ctx context.Context, c job.Chunk, _ store.Attempt) (store.Committed, error) {
	at, err := m.store.CheckpointOf(ctx, c)
	if err != nil {
		return store.Committed{}, err
	}
	j, err := readJob(at)
	if err != nil {
		return store.Committed{}, endOf(err)
	}
	var done store.Committed
	switch j.cursor.Stage {
	case collecting:
		done, err = m.collect(ctx, c, j)
	case writing:
		done, err = m.write(ctx, c, j)
	default:
		done, err = m.store.RunResumable(ctx, c, m.end)
	}
	return done, endOf(err)
}

// endOf finds the errors that no other attempt would heal.
func endOf(err error) error {
	if f, ok := errors.AsType[*fault.Fault](err); ok && (f.Kind == fault.Invalid || f.Kind == fault.Malformed) {
		return end(f.PascalCode(), "%s", f.Message)
	}
	if value, ok := errors.AsType[*format.ValueError](err); ok {
		return end("ValueNotRepresentable", "The format can't hold a value of the records: %s.", value)
	}
	if large, ok := errors.AsType[*file.TooLargeError](err); ok {
		return end("ReportTooLarge", "The report would be larger than %d bytes. Ask for less, for example by a filter.", large.Limit)
	}
	return err
}

func end(code, message string, args ...any) error {
	return &worker.ClientError{Failure: operation.Failure{Code: code, Message: fmt.Sprintf(message, args...)}}
}
