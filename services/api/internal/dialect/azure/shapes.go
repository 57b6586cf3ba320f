package azure

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/operation"
)

// status is the status monitor of Azure's guidelines (reference: azure/Guidelines.md, Long-Running Operations & Jobs). Members beyond
// id, status, error and result are additional, as the guideline allows.
type status struct {
	ID              string            `json:"id"`
	Status          string            `json:"status"`
	Kind            operation.Kind    `json:"kind"`
	Collection      string            `json:"collection,omitempty"`
	TaskReference   string            `json:"taskReference"`
	PercentComplete int               `json:"percentComplete"`
	Phase           string            `json:"phase,omitempty"`
	Counts          *Counts           `json:"counts,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
	Created         time.Time         `json:"createdDateTime"`
	LastAction      time.Time         `json:"lastActionDateTime"`
	Started         time.Time         `json:"startedDateTime,omitzero"`
	Finished        time.Time         `json:"finishedDateTime,omitzero"`
	Expiration      time.Time         `json:"expirationDateTime,omitzero"`
	// Completion is when it may be finished, if that can be told.
	Completion time.Time          `json:"estimatedCompletion,omitzero"`
	Result     any                `json:"result,omitempty"`
	Error      *operation.Failure `json:"error,omitempty"`
	Links      map[string]string  `json:"links"`
}

// Counts adds the derived numbers, so that nobody has to calculate: created + updated + superseded + failed + unprocessed = total.
type Counts struct {
	operation.Counts
	Imported    int `json:"imported"`
	Unprocessed int `json:"unprocessed"`
}

// CountsOf returns the counts of an import; nil for what has no records of its own.
func CountsOf(kind operation.Kind, c operation.Counts) *Counts {
	if kind != operation.Import {
		return nil
	}
	return &Counts{Counts: c, Imported: c.Imported(), Unprocessed: c.Unprocessed()}
}

// importResult is what a succeeded import leaves behind.
type importResult struct {
	*Counts
	// FailedRecords leads to the rejected records; absent when there are none.
	FailedRecords string `json:"failedRecordsLocation,omitempty"`
}

// ResultOf returns what a succeeded operation leaves behind, to be written as a JSON object; nil for every other.
func ResultOf(op *operation.Operation, links map[string]string) any {
	switch {
	case op.State != operation.Succeeded:
		return nil
	case op.Kind == operation.Import:
		return importResult{CountsOf(op.Kind, op.Counts), links[linkFailed]}
	case len(op.Result) == 0:
		return struct{}{}
	default:
		return op.Result
	}
}

func (d *Dialect) shape(c *gin.Context, op *operation.Operation) status {
	links := d.outputs.Links(op, d.addresses, c.Request)
	return status{
		ID:              op.ID.String(),
		Status:          Word(op.State),
		Kind:            op.Kind,
		Collection:      op.Collection,
		TaskReference:   op.Reference,
		PercentComplete: op.Percent(),
		Phase:           op.Phase,
		Counts:          CountsOf(op.Kind, op.Counts),
		Labels:          op.Labels,
		Created:         op.CreatedAt,
		LastAction:      op.UpdatedAt,
		Started:         op.StartedAt,
		Finished:        op.FinishedAt,
		Expiration:      op.ExpiresAt,
		Completion:      d.pacer.Completion(c.Request.Context(), op),
		Result:          ResultOf(op, links),
		Error:           FailureOf(op),
		Links:           links,
	}
}
