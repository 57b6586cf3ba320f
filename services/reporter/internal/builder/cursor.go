package builder

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/pkg/store"
)

// The phases of a report in the API.
const (
	phaseReading   = "Reading records"
	phaseWriting   = "Writing the file"
	phaseFinishing = "Finishing"
)

// The percentages of progress at which stages begin.
const (
	// collectedPercent is the progress when all records are collected.
	collectedPercent = 50
	// writtenPercent is the progress when the file is written.
	writtenPercent = 99
)

// stage is the next stage of a report.
type stage string

const (
	stageCollect stage = "collect"
	stageWrite   stage = "write"
	stageFinish  stage = "end"
)

// cursor is the state of a report between two steps.
type cursor struct {
	Stage stage `json:"stage"`
	// After is the key of the last record collected.
	After json.RawMessage `json:"after,omitempty"`
	// Scanned is the number of rows read, Estimate the estimated number of rows of the table.
	Scanned  int64 `json:"scanned,omitzero"`
	Estimate int64 `json:"estimate,omitzero"`
	// Blocks, Rows and Bytes are the extent of the records collected. The JSON name of Blocks is kept
	// for cursors that earlier releases stored.
	Blocks int   `json:"pieces,omitzero"`
	Rows   int64 `json:"rows,omitzero"`
	Bytes  int64 `json:"bytes,omitzero"`
	// Writer identifies the worker that writes the file. A worker that finds another id here has
	// lost the lock.
	Writer uuid.UUID `json:"writer,omitzero"`
	// File describes the file written.
	File *report.File `json:"file,omitzero"`
}

func (c cursor) encode() json.RawMessage {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // a struct of numbers and texts always marshals
	}
	return text
}

// percent returns the progress between two steps. It stays below collectedPercent while collecting,
// because the number of rows is an estimate.
func (c cursor) percent() int {
	if c.Stage != stageCollect {
		return collectedPercent
	}
	return int(min(c.Scanned*collectedPercent/c.Estimate, collectedPercent-1))
}

func (c cursor) phase() string {
	if c.Stage == stageCollect {
		return phaseReading
	}
	return phaseWriting
}

// build is a report with its request and its cursor.
type build struct {
	store.Checkpoint
	request report.Request
	cursor  cursor
}

// resume decodes a checkpoint, and creates the cursor of a new report.
func resume(checkpoint store.Checkpoint) (build, error) {
	bd := build{Checkpoint: checkpoint}
	var err error
	if bd.request, err = report.Parse(checkpoint.Request); err != nil {
		return build{}, fmt.Errorf("reading the request: %w", err)
	}
	if len(checkpoint.Cursor) > 0 {
		if err := json.Unmarshal(checkpoint.Cursor, &bd.cursor); err != nil {
			return build{}, fmt.Errorf("decoding the cursor: %w", err)
		}
		return bd, nil
	}
	bd.cursor.Stage = stageWrite
	if bd.request.Report == report.Records {
		bd.cursor.Stage = stageCollect
	}
	return bd, nil
}
