package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"

	"github.com/longshore-io/longshore/e2e/client"
)

const (
	azcoreTimeout = time.Minute
	// azcoreInterval is the poller's own interval, which the api's retry-after-ms overrides.
	azcoreInterval = time.Second
)

// azcorePoller is the poller of Azure's SDK for Go.
type azcorePoller struct{}

func (azcorePoller) start(t *testing.T, request importRequest) func() pollResult {
	t.Helper()
	poller := newAzcorePoller(t, request)
	done := make(chan pollResult, 1)
	ctx := t.Context()
	go func() { done <- azcoreResult(ctx, poller) }()
	return func() pollResult { return <-done }
}

func (azcorePoller) submit(t *testing.T, request importRequest) string {
	t.Helper()
	state, err := newAzcorePoller(t, request).ResumeToken()
	if err != nil {
		t.Fatalf("saving the poller: %v", err)
	}
	return state
}

func (azcorePoller) resume(t *testing.T, state string) pollResult {
	t.Helper()
	poller, err := runtime.NewPollerFromResumeToken[client.TaskStatus](state, newAzcorePipeline(), nil)
	if err != nil {
		t.Fatalf("restoring the poller: %v", err)
	}
	return azcoreResult(t.Context(), poller)
}

// newAzcorePoller posts an import and returns a poller that reads the result at the Location.
func newAzcorePoller(t *testing.T, request importRequest) *runtime.Poller[client.TaskStatus] {
	t.Helper()
	resp, pipeline := postImport(t, request)
	poller, err := runtime.NewPoller[client.TaskStatus](resp, pipeline, nil)
	if err != nil {
		t.Fatalf("creating the poller: %v", err)
	}
	return poller
}

// pollMonitorWithAzcore posts an import and polls it to the end, with the result of the status
// monitor. It removes the Location header, whose address azcore otherwise requests at the end in
// any case. The pollers of other languages can be configured to read the monitor.
func pollMonitorWithAzcore(t *testing.T, request importRequest) (client.Result, error) {
	t.Helper()
	resp, pipeline := postImport(t, request)
	resp.Header.Del("Location")
	poller, err := runtime.NewPoller(resp, pipeline, &runtime.NewPollerOptions[client.Result]{
		FinalStateVia: runtime.FinalStateViaOpLocation, OperationLocationResultPath: "result",
	})
	if err != nil {
		t.Fatalf("creating the poller: %v", err)
	}
	return pollUntilDone(t.Context(), poller)
}

// postImport posts an import as a generated Azure client does, and returns what its poller needs.
func postImport(t *testing.T, request importRequest) (*http.Response, runtime.Pipeline) {
	t.Helper()
	pipeline := newAzcorePipeline()
	req, err := runtime.NewRequest(t.Context(), http.MethodPost, request.url)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range request.headers() {
		req.Raw().Header.Set(name, value)
	}
	if err := req.SetBody(streaming.NopCloser(bytes.NewReader(request.body)), "application/json"); err != nil {
		t.Fatal(err)
	}
	resp, err := pipeline.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if !runtime.HasStatusCode(resp, http.StatusAccepted) {
		t.Fatal(runtime.NewResponseError(resp))
	}
	return resp, pipeline
}

// newAzcorePipeline returns a request pipeline with the default retries of Azure clients.
func newAzcorePipeline() runtime.Pipeline {
	return runtime.NewPipeline("longshore-e2e", "v0.0.0", runtime.PipelineOptions{}, &policy.ClientOptions{})
}

func azcoreResult(ctx context.Context, poller *runtime.Poller[client.TaskStatus]) pollResult {
	result, err := pollUntilDone(ctx, poller)
	if err == nil {
		return pollResult{Result: result}
	}
	if e, ok := errors.AsType[*azcore.ResponseError](err); ok {
		return pollResult{Failed: true, ErrorCode: e.ErrorCode, ErrorMessage: err.Error(), HTTPStatus: e.StatusCode}
	}
	return pollResult{Failed: true, ErrorMessage: err.Error()}
}

func pollUntilDone[T any](ctx context.Context, poller *runtime.Poller[T]) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, azcoreTimeout)
	defer cancel()
	return poller.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: azcoreInterval})
}
