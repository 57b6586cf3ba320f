package google

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
)

// longrunning is google.longrunning.Operation. While it is not done there is neither an error nor a response, then exactly one of them.
type longrunning struct {
	Name     string     `json:"name"`
	Metadata structured `json:"metadata"`
	Done     bool       `json:"done"`
	Error    *rpcStatus `json:"error,omitempty"`
	Response any        `json:"response,omitempty"`
}

// rpcStatus is google.rpc.Status: its code is a number.
type rpcStatus struct {
	Code    int          `json:"code"`
	Message string       `json:"message"`
	Details []structured `json:"details"`
}

// structured is a google.protobuf.Any that holds a Struct: the only type that every client can resolve without knowing of us.
type structured struct {
	Type  string `json:"@type"`
	Value any    `json:"value"`
}

func asStruct(value any) structured {
	return structured{Type: "type.googleapis.com/google.protobuf.Struct", Value: value}
}

// metadata is what there is to know of an operation while it runs and afterwards.
type metadata struct {
	State           string             `json:"state"`
	Kind            operation.Kind     `json:"kind"`
	Collection      string             `json:"collection,omitempty"`
	ProgressPercent int                `json:"progressPercent"`
	Phase           string             `json:"phase,omitempty"`
	Counts          *azure.Counts `json:"counts,omitempty"`
	Labels          map[string]string  `json:"labels,omitempty"`
	Create          time.Time          `json:"createTime"`
	Update          time.Time          `json:"updateTime"`
	Start           time.Time          `json:"startTime,omitzero"`
	End             time.Time          `json:"endTime,omitzero"`
	Expire          time.Time          `json:"expireTime,omitzero"`
	Completion      time.Time          `json:"estimatedCompletionTime,omitzero"`
	// Links leads to more, such as the rejected records (AIP-233's failed_requests, of which there can be millions) and the monitor.
	Links map[string]string `json:"links"`
}

// cause names in a status why an operation failed, as all dialects do.
type cause struct {
	Reason string `json:"reason"`
}

func nameOf(op *operation.Operation) string { return "operations/" + op.ID.String() }

func (d *Dialect) shape(c *gin.Context, op *operation.Operation) longrunning {
	links := d.outputs.Links(op, d.addresses, c.Request)
	shown := longrunning{Name: nameOf(op), Done: op.State.Terminal()}
	if result := azure.ResultOf(op, links); result != nil {
		shown.Response = asStruct(result)
	}
	if why := azure.FailureOf(op); why != nil {
		shown.Error = &rpcStatus{rpcCode(op.State, *why), why.Message, []structured{asStruct(cause{why.Code})}}
	}
	links["monitor"] = d.addresses.Absolute(c.Request, azure.Path(op))
	shown.Metadata = asStruct(metadata{
		State:           Word(op.State),
		Kind:            op.Kind,
		Collection:      op.Collection,
		ProgressPercent: op.Percent(),
		Phase:           op.Phase,
		Counts:          azure.CountsOf(op.Kind, op.Counts),
		Labels:          op.Labels,
		Create:          op.CreatedAt,
		Update:          op.UpdatedAt,
		Start:           op.StartedAt,
		End:             op.FinishedAt,
		Expire:          op.ExpiresAt,
		Completion:      d.pacer.Completion(c.Request.Context(), op),
		Links:           links,
	})
	return shown
}
