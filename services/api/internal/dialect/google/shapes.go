package google

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
)

// longrunning is google.longrunning.Operation. An unfinished one has neither an error nor a
// response, a finished one has exactly one of them.
type longrunning struct {
	Name     string     `json:"name"`
	Metadata structured `json:"metadata"`
	Done     bool       `json:"done"`
	Error    *rpcStatus `json:"error,omitempty"`
	Response any        `json:"response,omitempty"`
}

// rpcStatus is google.rpc.Status.
type rpcStatus struct {
	Code    int          `json:"code"`
	Message string       `json:"message"`
	Details []structured `json:"details"`
}

// structured is a google.protobuf.Any that contains a Struct, the only type that every client can
// resolve without our definitions.
type structured struct {
	Type  string `json:"@type"`
	Value any    `json:"value"`
}

func asStruct(value any) structured {
	return structured{Type: "type.googleapis.com/google.protobuf.Struct", Value: value}
}

// metadata describes an operation, unfinished or finished.
type metadata struct {
	State           string            `json:"state"`
	Kind            operation.Kind    `json:"kind"`
	Collection      string            `json:"collection,omitempty"`
	ProgressPercent int               `json:"progressPercent"`
	Phase           string            `json:"phase,omitempty"`
	Counts          *dialect.Counts   `json:"counts,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
	Create          time.Time         `json:"createTime"`
	Update          time.Time         `json:"updateTime"`
	Start           time.Time         `json:"startTime,omitzero"`
	End             time.Time         `json:"endTime,omitzero"`
	Expire          time.Time         `json:"expireTime,omitzero"`
	Completion      time.Time         `json:"estimatedCompletionTime,omitzero"`
	Warnings        []string          `json:"warnings,omitempty"`
	// Links are addresses of more, such as the rejected records (AIP-233's failed_requests, of
	// which there can be millions) and the monitor.
	Links map[string]string `json:"links"`
}

// cause is the code of a failure, the same in all dialects.
type cause struct {
	Reason string `json:"reason"`
}

func nameOf(op *operation.Operation) string { return "operations/" + op.ShownID().String() }

func (d *Dialect) newOperation(c *gin.Context, op *operation.Operation) longrunning {
	links := dialect.Links(op, d.Addresses, c.Request)
	shape := longrunning{Name: nameOf(op), Done: op.State.Terminal()}
	if result := dialect.ResultOf(op, links); result != nil {
		shape.Response = asStruct(result)
	}
	if failure := dialect.FailureOf(op); failure != nil {
		shape.Error = &rpcStatus{rpcCode(op.State, *failure), failure.Message, []structured{asStruct(cause{failure.Code})}}
	}
	links["monitor"] = d.Addresses.Absolute(c.Request, dialect.OperationPath(op))
	shape.Metadata = asStruct(metadata{
		State:           Word(op.State),
		Kind:            op.Kind,
		Collection:      op.Collection,
		ProgressPercent: op.Percent(),
		Phase:           op.Phase,
		Counts:          dialect.CountsOf(op.Kind, op.Counts),
		Labels:          op.Labels,
		Create:          op.CreatedAt,
		Update:          op.UpdatedAt,
		Start:           op.StartedAt,
		End:             op.FinishedAt,
		Expire:          op.ExpiresAt,
		Completion:      d.Estimator.Completion(c.Request.Context(), op),
		Warnings:        op.Warnings,
		Links:           links,
	})
	return shape
}
