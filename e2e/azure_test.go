package e2e_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/thirdparty"
	"github.com/longshore-io/longshore/e2e/tool"
)

// TestAzurePollersSuccess polls imports of which one record is rejected. The pollers read the
// result at the Location, or in the status monitor.
func TestAzurePollersSuccess(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{"LONGSHORE_CHUNK_RECORDS=50"}})
	request := importRequest{
		url:  importURL(s.Client().Base(), "tools"),
		body: tool.JSON(append(numberedTools(2_000), tool.Tool{ID: "broken"})...),
	}
	for name, poller := range azurePollers {
		t.Run(name, func(t *testing.T) {
			got := poller.start(t, request)()
			if got.Failed || got.Result.Status != "COMPLETED" || got.Result.ImportedRecords == nil ||
				*got.Result.ImportedRecords != 2_000 || len(got.Result.Errors) != 1 {
				t.Errorf("got %+v, want COMPLETED with 2000 imported records and 1 error", got)
			}
		})
	}
	want := client.Counts{Total: 2_001, Updated: 2_000, Imported: 2_000, Failed: 1}
	t.Run("azcore_with_monitor", func(t *testing.T) {
		got, err := pollMonitorWithAzcore(t, request)
		if err != nil {
			t.Fatal(err)
		}
		if got.Counts != want || got.FailedRecords == "" {
			t.Errorf("got the result %+v, want %+v with a link to the failed record", got, want)
		}
	})
	t.Run("core-lro_with_monitor", func(t *testing.T) {
		input := newLROInput(request)
		input.FinalState = "operation-location"
		var got lroOutput[client.Monitor]
		thirdparty.Start(t, "lro.mjs", input).ReadOne(t, &got)
		if got.Status != "succeeded" || got.Result.Result == nil || got.Result.Result.Counts != want {
			t.Errorf("got %+v with the result %+v, want succeeded with %+v", got, got.Result.Result, want)
		}
	})
}

// TestAzurePollersFailure polls imports that fail as a whole, because their table is dropped. Each
// poller returns the error code, whether it reads the Location or the monitor.
func TestAzurePollersFailure(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{
		Collections: collectionFolder(t, "spoons", spoonsFile), Tables: spoonsTable,
		Env: []string{"LONGSHORE_MAX_ATTEMPTS=2"},
	})
	failImports(s, "spoons")
	request := importRequest{url: importURL(s.Client().Base(), "spoons"), body: []byte(`[{"id":1},{"id":2}]`)}
	for name, poller := range azurePollers {
		t.Run(name, func(t *testing.T) {
			expectPollError(t, poller.start(t, request)(), "failed", "ChunkAbandoned")
		})
	}
	t.Run("azcore_with_monitor", func(t *testing.T) {
		_, err := pollMonitorWithAzcore(t, request)
		e, ok := errors.AsType[*azcore.ResponseError](err)
		if !ok {
			t.Fatalf("got the error %v, want a ResponseError", err)
		}
		if e.ErrorCode != "ChunkAbandoned" {
			t.Errorf("got the error code %q, want ChunkAbandoned: %v", e.ErrorCode, err)
		}
	})
}

// TestAzurePollersCancel cancels polled imports while their step is blocked.
func TestAzurePollersCancel(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	proxy := thirdparty.NewProxy(t, s.Client().Base())
	release := s.BlockWrites("xforce.tools")
	for name, poller := range azurePollers {
		t.Run(name, func(t *testing.T) {
			s := s.WithTB(t)
			request := importRequest{url: importURL(proxy.URL(), "tools"), body: tool.SampleJSON, operationID: uuid.NewString()}
			wait := poller.start(t, request)
			await.Until(t, recoveryLimit, "the poller to poll", func() bool {
				return slices.ContainsFunc(proxy.Visits(), func(v thirdparty.Visit) bool { return strings.Contains(v.Path, request.operationID) })
			})
			mustDo(t, s, http.MethodPost, "/operations/"+request.operationID+":cancel", http.StatusOK)
			expectPollError(t, wait(), "canceled", "")
		})
	}
	release()
	if got := s.Number(`SELECT count(*) FROM xforce.tools`); got != 0 {
		t.Errorf("got %d records of cancelled imports in the table, want 0", got)
	}
}

// TestAzurePollersGone saves pollers and restores them after the operation was pruned, or with the
// id of an operation that never existed.
func TestAzurePollersGone(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	newRequest := func() importRequest {
		return importRequest{url: importURL(s.Client().Base(), "tools"), body: tool.SampleJSON, operationID: uuid.NewString()}
	}
	for name, poller := range azurePollers {
		t.Run(name, func(t *testing.T) {
			s := s.WithTB(t)
			request := newRequest()
			id := request.operationID
			state := poller.submit(t, request)
			s.WaitFor(client.Accepted{ID: id, OperationLocation: s.Client().Base() + "/operations/" + id}, "Succeeded")
			mustDo(t, s, http.MethodDelete, "/operations/"+id, http.StatusNoContent)
			expectHTTPError(t, poller.resume(t, state), http.StatusGone)
		})
	}
	t.Run("never_existed", func(t *testing.T) {
		for name, poller := range azurePollers {
			t.Run(name, func(t *testing.T) {
				request := newRequest()
				state := poller.submit(t, request)
				got := poller.resume(t, strings.ReplaceAll(state, request.operationID, uuid.NewString()))
				expectHTTPError(t, got, http.StatusNotFound)
			})
		}
	})
}

// expectPollError checks the error of a poller whose operation did not succeed. Go's poller returns
// the error code; JavaScript's poller returns its own status, and for a failed operation a message
// with the code.
func expectPollError(t *testing.T, got pollResult, status, code string) {
	t.Helper()
	if !got.Failed || (got.Status != "" && got.Status != status) {
		t.Fatalf("got %+v, want the status %s", got, status)
	}
	if !strings.Contains(got.ErrorMessage, code) {
		t.Errorf("got the message %q, want one with %s", got.ErrorMessage, code)
	}
	if got.Status == "" && (got.ErrorCode == "" || code != "" && got.ErrorCode != code) {
		t.Errorf("got the error code %q, want %q", got.ErrorCode, code)
	}
}

// expectHTTPError checks that a poller ended with an error response that has an error code.
func expectHTTPError(t *testing.T, got pollResult, status int) {
	t.Helper()
	if !got.Failed || got.HTTPStatus != status || got.ErrorCode == "" {
		t.Errorf("got %+v, want an error with the HTTP status %d and a code", got, status)
	}
}

// mustDo sends a request without a body, and requires the status of the response.
func mustDo(t *testing.T, s *stack.Stack, method, path string, status int) *client.Response {
	t.Helper()
	response, err := s.Client().Do(t.Context(), method, path, client.RequestBody{})
	if err != nil {
		t.Fatal(err)
	}
	if response.Status != status {
		t.Fatalf("%s %s: got status %d, want %d: %s", method, path, response.Status, status, response.Body)
	}
	return response
}
