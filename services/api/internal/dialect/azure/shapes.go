package azure

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
)

// status is the status monitor of Azure's guidelines (reference: azure/Guidelines.md, Long-Running
// Operations & Jobs). Members beyond id, status, error and result are additional, as the guideline
// allows.
type status struct {
	ID              string            `json:"id"`
	Status          string            `json:"status"`
	Kind            operation.Kind    `json:"kind"`
	Collection      string            `json:"collection,omitempty"`
	TaskReference   string            `json:"taskReference"`
	PercentComplete int               `json:"percentComplete"`
	Phase           string            `json:"phase,omitempty"`
	Counts          *dialect.Counts   `json:"counts,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
	Created         time.Time         `json:"createdDateTime"`
	LastAction      time.Time         `json:"lastActionDateTime"`
	Started         time.Time         `json:"startedDateTime,omitzero"`
	Finished        time.Time         `json:"finishedDateTime,omitzero"`
	Expiration      time.Time         `json:"expirationDateTime,omitzero"`
	// Completion is the estimated time of completion; absent if there is no estimate.
	Completion time.Time          `json:"estimatedCompletion,omitzero"`
	Result     any                `json:"result,omitempty"`
	Error      *operation.Failure `json:"error,omitempty"`
	Warnings   []string           `json:"warnings,omitempty"`
	Links      map[string]string  `json:"links"`
}

func (d *Dialect) newStatus(c *gin.Context, op *operation.Operation) status {
	links := dialect.Links(op, d.Addresses, c.Request)
	return status{
		ID:              op.ShownID().String(),
		Status:          Word(op.State),
		Kind:            op.Kind,
		Collection:      op.Collection,
		TaskReference:   op.Reference,
		PercentComplete: op.Percent(),
		Phase:           op.Phase,
		Counts:          dialect.CountsOf(op.Kind, op.Counts),
		Labels:          op.Labels,
		Created:         op.CreatedAt,
		LastAction:      op.UpdatedAt,
		Started:         op.StartedAt,
		Finished:        op.FinishedAt,
		Expiration:      op.ExpiresAt,
		Completion:      d.Estimator.Completion(c.Request.Context(), op),
		Result:          dialect.ResultOf(op, links),
		Error:           dialect.FailureOf(op),
		Warnings:        op.Warnings,
		Links:           links,
	}
}
