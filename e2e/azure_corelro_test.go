package e2e_test

import (
	"testing"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/thirdparty"
)

// coreLROPoller is the poller of Azure's SDK for JavaScript, which lro.mjs runs.
type coreLROPoller struct{}

// lroInput is the input of lro.mjs.
type lroInput struct {
	URL     string            `json:"url,omitempty"`
	Body    string            `json:"body,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`

	SubmitOnly bool   `json:"submitOnly,omitempty"`
	State      string `json:"state,omitempty"`
	// FinalState selects where the poller reads the result: empty for the Location, or
	// "operation-location" for the status monitor.
	FinalState string `json:"resourceLocationConfig,omitempty"`
}

func newLROInput(r importRequest) lroInput {
	return lroInput{URL: r.url, Body: string(r.body), Headers: r.headers()}
}

// lroOutput is the output of lro.mjs when the poller has ended.
type lroOutput[T any] struct {
	Status string `json:"status"`
	Result T      `json:"result"`
	Error  *struct {
		Code       string `json:"code"`
		Message    string `json:"message"`
		StatusCode int    `json:"statusCode"`
	} `json:"error"`
}

func (coreLROPoller) start(t *testing.T, request importRequest) func() pollResult {
	t.Helper()
	script := thirdparty.Start(t, "lro.mjs", newLROInput(request))
	return func() pollResult { return readLROOutput(t, script) }
}

func (coreLROPoller) submit(t *testing.T, request importRequest) string {
	t.Helper()
	input := newLROInput(request)
	input.SubmitOnly = true
	var output struct{ State string }
	thirdparty.Start(t, "lro.mjs", input).ReadOne(t, &output)
	return output.State
}

func (coreLROPoller) resume(t *testing.T, state string) pollResult {
	t.Helper()
	return readLROOutput(t, thirdparty.Start(t, "lro.mjs", lroInput{State: state}))
}

func readLROOutput(t *testing.T, script *thirdparty.Script) pollResult {
	t.Helper()
	var output lroOutput[client.TaskStatus]
	script.ReadOne(t, &output)
	r := pollResult{Result: output.Result, Status: output.Status}
	if e := output.Error; e != nil {
		r.Failed, r.ErrorCode, r.ErrorMessage, r.HTTPStatus = true, e.Code, e.Message, e.StatusCode
	}
	return r
}
