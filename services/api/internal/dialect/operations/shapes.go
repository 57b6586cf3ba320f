package operations

import (
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
)

// monitor is the status monitor of Azure's guidelines (reference: azure/Guidelines.md, Long-Running Operations & Jobs). Members beyond
// id, status, error and result are additional, as the guideline allows.
type monitor struct {
	ID              string             `json:"id"`
	Status          string             `json:"status"`
	Kind            operation.Kind     `json:"kind"`
	Collection      string             `json:"collection,omitempty"`
	TaskReference   string             `json:"taskReference"`
	PercentComplete int                `json:"percentComplete"`
	Counts          counts             `json:"counts"`
	Created         time.Time          `json:"createdDateTime"`
	LastAction      time.Time          `json:"lastActionDateTime"`
	Started         *time.Time         `json:"startedDateTime,omitempty"`
	Finished        *time.Time         `json:"finishedDateTime,omitempty"`
	Result          *result            `json:"result,omitempty"`
	Error           *operation.Failure `json:"error,omitempty"`
}

// counts adds the derived numbers, so that nobody has to calculate: created + updated + superseded + failed + unprocessed = total.
type counts struct {
	operation.Counts
	Imported    int `json:"imported"`
	Unprocessed int `json:"unprocessed"`
}

// result is what a succeeded import leaves behind.
type result struct {
	counts
	// FailedRecords leads to the rejected records; absent when there are none.
	FailedRecords string `json:"failedRecordsLocation,omitempty"`
}

func shapeMonitor(op *operation.Operation, failedRecords string) monitor {
	all := counts{Counts: op.Counts, Imported: op.Counts.Imported(), Unprocessed: op.Counts.Unprocessed()}
	m := monitor{
		ID:              op.ID.String(),
		Status:          Word(op.State),
		Kind:            op.Kind,
		Collection:      op.Collection,
		TaskReference:   op.Reference,
		PercentComplete: op.Counts.Percent(),
		Counts:          all,
		Created:         op.CreatedAt,
		LastAction:      op.UpdatedAt,
		Started:         unlessZero(op.StartedAt),
		Finished:        unlessZero(op.FinishedAt),
		Error:           FailureOf(op),
	}
	if op.State == operation.Succeeded {
		m.Result = &result{counts: all}
		if op.Counts.Failed > 0 {
			m.Result.FailedRecords = failedRecords
		}
	}
	return m
}

func unlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
