package e2e_test

import (
	"context"
	"errors"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/thirdparty"
)

// order is an import that a poller of Azure posts and follows.
type order struct {
	address string // of the import
	id      string // of the operation (Operation-Id); empty: the api chooses
	body    []byte
}

func (o order) headers() map[string]string {
	if o.id == "" {
		return nil
	}
	return map[string]string{"Operation-Id": o.id}
}

// ending is how a poller's user sees the end: the result, or an error.
type ending struct {
	Result client.TaskStatus
	Failed bool
	// Status is the poller's own word for the end; Go's poller has none.
	Status string
	// Code and Message are the error's, Answered the status of the answer that it comes from. Of a failed or cancelled operation
	// JavaScript's poller tells the message only.
	Code, Message string
	Answered      int
}

// poller is an SDK's poller of long-running operations.
type poller interface {
	// begin posts the import and follows it, beside what the test does. The function that it returns waits for the end.
	begin(t *testing.T, o order) func() ending
	// submit posts the import and returns the poller as a text, for another process to go on with.
	submit(t *testing.T, o order) string
	// resume goes on with such a text.
	resume(t *testing.T, text string) ending
}

// pollers are those of Azure's SDKs for Go (azcore) and for JavaScript (@azure/core-lro).
var pollers = map[string]poller{"azcore": azcorePoller{}, "core-lro": coreLROPoller{}}

type azcorePoller struct{}

func (azcorePoller) begin(t *testing.T, o order) func() ending {
	t.Helper()
	resp, pipeline := postImport(t, o.address, o.body, o.headers())
	made, err := runtime.NewPoller[client.TaskStatus](resp, pipeline, nil)
	if err != nil {
		t.Fatalf("making the poller: %v", err)
	}
	done := make(chan ending, 1)
	ctx := t.Context()
	go func() { done <- azcoreEnding(ctx, made) }()
	return func() ending { return <-done }
}

func (azcorePoller) submit(t *testing.T, o order) string {
	t.Helper()
	resp, pipeline := postImport(t, o.address, o.body, o.headers())
	made, err := runtime.NewPoller[client.TaskStatus](resp, pipeline, nil)
	if err != nil {
		t.Fatalf("making the poller: %v", err)
	}
	text, err := made.ResumeToken()
	if err != nil {
		t.Fatalf("writing the poller down: %v", err)
	}
	return text
}

func (azcorePoller) resume(t *testing.T, text string) ending {
	t.Helper()
	made, err := runtime.NewPollerFromResumeToken[client.TaskStatus](text, newPipeline(), nil)
	if err != nil {
		t.Fatalf("reading the poller: %v", err)
	}
	return azcoreEnding(t.Context(), made)
}

// azcoreEnding polls to the end.
func azcoreEnding(ctx context.Context, made *runtime.Poller[client.TaskStatus]) ending {
	ctx, cancel := context.WithTimeout(ctx, pollLimit)
	defer cancel()
	result, err := made.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: pollPace})
	if err == nil {
		return ending{Result: result}
	}
	if refused, ok := errors.AsType[*azcore.ResponseError](err); ok {
		return ending{Failed: true, Code: refused.ErrorCode, Message: err.Error(), Answered: refused.StatusCode}
	}
	return ending{Failed: true, Message: err.Error()}
}

type coreLROPoller struct{}

// lroWish is what lro.mjs understands.
type lroWish struct {
	URL     string            `json:"url,omitempty"`
	Body    string            `json:"body,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`

	SubmitOnly bool   `json:"submitOnly,omitempty"`
	State      string `json:"state,omitempty"`
	// FinalState is where the result is: at the Location, or operation-location for the monitor.
	FinalState string `json:"resourceLocationConfig,omitempty"`
}

func wishFor(o order) lroWish {
	return lroWish{URL: o.address, Body: string(o.body), Headers: o.headers()}
}

// lroAnswer is what lro.mjs says of an end.
type lroAnswer[T any] struct {
	Status string `json:"status"`
	Result T      `json:"result"`
	Error  *struct {
		Code       string `json:"code"`
		Message    string `json:"message"`
		StatusCode int    `json:"statusCode"`
	} `json:"error"`
}

func (coreLROPoller) begin(t *testing.T, o order) func() ending {
	t.Helper()
	script := thirdparty.Start(t, "lro.mjs", wishFor(o))
	return func() ending { return coreLROEnding(t, script) }
}

func (coreLROPoller) submit(t *testing.T, o order) string {
	t.Helper()
	wish := wishFor(o)
	wish.SubmitOnly = true
	var answer struct{ State string }
	thirdparty.Start(t, "lro.mjs", wish).ReadOne(t, &answer)
	return answer.State
}

func (coreLROPoller) resume(t *testing.T, text string) ending {
	t.Helper()
	return coreLROEnding(t, thirdparty.Start(t, "lro.mjs", lroWish{State: text}))
}

func coreLROEnding(t *testing.T, script *thirdparty.Script) ending {
	t.Helper()
	var answer lroAnswer[client.TaskStatus]
	script.ReadOne(t, &answer)
	e := ending{Result: answer.Result, Status: answer.Status}
	if answer.Error != nil {
		e.Failed, e.Code, e.Message, e.Answered = true, answer.Error.Code, answer.Error.Message, answer.Error.StatusCode
	}
	return e
}
