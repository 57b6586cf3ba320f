package e2e_test

import (
	"testing"

	"github.com/longshore-io/longshore/e2e/client"
)

// azurePoller is the poller of long-running operations in an SDK of Azure.
type azurePoller interface {
	// start posts an import and polls it in the background. The returned function waits for the
	// end.
	start(t *testing.T, request importRequest) (wait func() pollResult)
	// submit posts an import and returns the poller's state as text, from which another process can
	// resume it.
	submit(t *testing.T, request importRequest) (state string)
	// resume polls to the end, from a state that submit returned.
	resume(t *testing.T, state string) pollResult
}

// azurePollers contains the pollers of Azure's SDKs for Go (azcore) and for JavaScript
// (@azure/core-lro).
var azurePollers = map[string]azurePoller{"azcore": azcorePoller{}, "core-lro": coreLROPoller{}}

// importRequest is an import that a poller posts.
type importRequest struct {
	url         string
	operationID string // the Operation-Id header; empty: the api chooses the id
	body        []byte
}

func importURL(base, collection string) string { return base + "/api/" + collection + "/import" }

func (r importRequest) headers() map[string]string {
	if r.operationID == "" {
		return nil
	}
	return map[string]string{"Operation-Id": r.operationID}
}

// pollResult is what a poller returns to its user at the end: a result, or an error.
type pollResult struct {
	Result client.TaskStatus
	Failed bool
	// Status is the poller's own name of the final state. Go's poller has none.
	Status string
	// ErrorCode, ErrorMessage and HTTPStatus (of the response that contained the error) describe
	// the error. Of a failed or cancelled operation, JavaScript's poller returns the message only.
	ErrorCode, ErrorMessage string
	HTTPStatus              int
}
