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
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// pollLimit bounds a poller, and pollPace is its own pace, which the api's retry-after-ms overrides.
const (
	pollLimit = time.Minute
	pollPace  = time.Second
)

// newPipeline makes the way of a client's requests, with the retries that every client of Azure has.
func newPipeline() runtime.Pipeline {
	return runtime.NewPipeline("longshore-e2e", "v0.0.0", runtime.PipelineOptions{}, &policy.ClientOptions{})
}

// beginImport posts as a client that Azure's generator makes, and returns what its poller is made of.
func beginImport(t *testing.T, s *stack.Stack, collection string, content []byte) (*http.Response, runtime.Pipeline) {
	t.Helper()
	return postImport(t, s.Client().Base()+"/api/"+collection+"/import", content, nil)
}

func postImport(t *testing.T, address string, content []byte, headers map[string]string) (*http.Response, runtime.Pipeline) {
	t.Helper()
	pipeline := newPipeline()
	req, err := runtime.NewRequest(t.Context(), http.MethodPost, address)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		req.Raw().Header.Set(name, value)
	}
	if err := req.SetBody(streaming.NopCloser(bytes.NewReader(content)), "application/json"); err != nil {
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

// follow polls to the end, as the callers of generated clients do.
func follow[T any](t *testing.T, resp *http.Response, pipeline runtime.Pipeline, options *runtime.NewPollerOptions[T]) (T, error) {
	t.Helper()
	poller, err := runtime.NewPoller(resp, pipeline, options)
	if err != nil {
		t.Fatalf("making the poller: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), pollLimit)
	defer cancel()
	return poller.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: pollPace})
}

// withoutLocation hides the header that makes Go's poller end with a GET of it, whatever it is told: it then reads the monitor, as
// the pollers of other languages do.
func withoutLocation(resp *http.Response) *http.Response {
	resp.Header.Del("Location")
	return resp
}

func monitorOptions() *runtime.NewPollerOptions[client.Result] {
	return &runtime.NewPollerOptions[client.Result]{
		FinalStateVia: runtime.FinalStateViaOpLocation, OperationLocationResultPath: "result",
	}
}

// TestAzurePoller lets the poller of Azure's SDK find its way from the 202 to the result.
func TestAzurePoller(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{"LONGSHORE_CHUNK_RECORDS=50"}})
	body := tool.JSON(append(numberedTools(2_000), tool.Tool{ID: "broken"})...)
	t.Run("result_at_the_location", func(t *testing.T) {
		s := s.WithTB(t)
		resp, pipeline := beginImport(t, s, "tools", body)
		got, err := follow[client.TaskStatus](t, resp, pipeline, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.Status != "COMPLETED" || got.ImportedRecords == nil || *got.ImportedRecords != 2_000 || len(got.Errors) != 1 {
			t.Errorf("the result is %+v", got)
		}
	})
	t.Run("result_in_the_monitor", func(t *testing.T) {
		s := s.WithTB(t)
		resp, pipeline := beginImport(t, s, "tools", body)
		got, err := follow(t, withoutLocation(resp), pipeline, monitorOptions())
		if err != nil {
			t.Fatal(err)
		}
		want := client.Counts{Total: 2_001, Updated: 2_000, Imported: 2_000, Failed: 1}
		if got.Counts != want || got.FailedRecords == "" {
			t.Errorf("the result is %+v, not %+v with a link to the failed record", got, want)
		}
	})
}

// TestAzurePollerFailure ends an import as a whole: its table is dropped while it waits. The poller ends with the error's code,
// wherever it looks for it.
func TestAzurePollerFailure(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{
		Collections: collectionFolder(t, "spoons", spoonsFile), Tables: spoonsTable,
		Env: []string{"LONGSHORE_MAX_ATTEMPTS=2"},
	})
	s.Exec("DROP TABLE spoons")
	body := []byte(`[{"id":1},{"id":2}]`)
	t.Run("seen_at_the_location", func(t *testing.T) {
		s := s.WithTB(t)
		resp, pipeline := beginImport(t, s, "spoons", body)
		_, err := follow[client.TaskStatus](t, resp, pipeline, nil)
		expectErrorCode(t, err, "ChunkAbandoned")
	})
	t.Run("seen_in_the_monitor", func(t *testing.T) {
		s := s.WithTB(t)
		resp, pipeline := beginImport(t, s, "spoons", body)
		_, err := follow(t, withoutLocation(resp), pipeline, monitorOptions())
		expectErrorCode(t, err, "ChunkAbandoned")
	})
}

func expectErrorCode(t *testing.T, err error, code string) {
	t.Helper()
	var refused *azcore.ResponseError
	if !errors.As(err, &refused) {
		t.Fatalf("the poller ended with %v, not with a ResponseError", err)
	}
	if refused.ErrorCode != code {
		t.Errorf("the error code is %q, not %s: %v", refused.ErrorCode, code, err)
	}
}

// spoons is the least collection that there can be.
const (
	spoonsFile = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "x-longshore": {"table": "public.spoons", "key": ["id"]},
  "type": "object", "required": ["id"], "additionalProperties": false,
  "properties": {"id": {"type": "integer"}}
}`
	spoonsTable = `CREATE TABLE spoons (id BIGINT PRIMARY KEY, import_number BIGINT, import_row INT)`
)
