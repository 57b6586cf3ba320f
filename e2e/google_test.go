package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// googleOperation is an operation as clients of google.longrunning read it.
type googleOperation struct {
	Name     string
	Done     bool
	Metadata struct{ Value struct{ State string } }
	Response *struct{ Value client.Counts }
	Error    *struct {
		Code    int
		Message string
	}
}

// googleDo sends a request in Google's dialect, requires the status of the response, and decodes
// its body.
func googleDo[T any](t *testing.T, s *stack.Stack, method, path string, status int) (v T) {
	t.Helper()
	response := mustDo(t, s, method, path, status)
	if err := json.Unmarshal(response.Body, &v); err != nil {
		t.Fatalf("%s %s: decoding %s: %v", method, path, response.Body, err)
	}
	return v
}

// TestGoogleOperation reads, cancels and deletes operations that are unfinished, cancelled and
// succeeded.
func TestGoogleOperation(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	release := s.BlockWrites("xforce.tools")
	first, second := s.SubmitJSON(tool.SampleJSON), s.SubmitJSON(tool.SampleJSON)
	path := func(op client.Accepted) string { return "/v1/operations/" + op.ID }
	if got := googleDo[googleOperation](t, s, http.MethodGet, path(first), http.StatusOK); got.Done ||
		got.Response != nil || got.Error != nil || got.Name != "operations/"+first.ID {
		t.Errorf("unfinished: got %+v, want it not done, named operations/%s", got, first.ID)
	}
	if p := googleDo[client.GoogleError](t, s, http.MethodDelete, path(first), http.StatusBadRequest); p.Error.Status != "FAILED_PRECONDITION" {
		t.Errorf("deleting an unfinished operation: got %+v, want failed-precondition", p)
	}
	for range 2 {
		googleDo[struct{}](t, s, http.MethodPost, path(second)+":cancel", http.StatusOK)
	}
	if got := googleDo[googleOperation](t, s, http.MethodGet, path(second), http.StatusOK); !got.Done || got.Error == nil ||
		got.Error.Code != 1 || got.Response != nil {
		t.Errorf("cancelled: got %+v, want done with the error code 1", got)
	}
	release()
	var got googleOperation
	await.Until(t, recoveryLimit, "the import to be done", func() bool {
		got = googleDo[googleOperation](t, s, http.MethodGet, path(first), http.StatusOK)
		return got.Done
	})
	if want := (client.Counts{Total: 5, Created: 5, Imported: 5}); got.Error != nil || got.Response == nil || got.Response.Value != want {
		t.Errorf("succeeded: got %+v, want done with the response %+v", got, want)
	}
	googleDo[struct{}](t, s, http.MethodPost, path(first)+":cancel", http.StatusOK)
	googleDo[struct{}](t, s, http.MethodDelete, path(first), http.StatusOK)
	googleDo[client.GoogleError](t, s, http.MethodGet, path(first), http.StatusGone)
}

// TestGoogleList reads a filtered list page by page. A page token is valid with its own filter
// only.
func TestGoogleList(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	var want []string
	for range 5 {
		op := s.SubmitJSON(tool.SampleJSON)
		s.WaitFor(op, "Succeeded")
		want = append(want, "operations/"+op.ID)
	}
	slices.Reverse(want)
	type page struct {
		Operations    []googleOperation
		NextPageToken string
	}
	filter := url.QueryEscape(`kind="import" AND done=true`)
	var got []string
	token := ""
	for pages := 0; pages == 0 || token != ""; pages++ {
		p := googleDo[page](t, s, http.MethodGet, "/v1/operations?pageSize=2&filter="+filter+"&pageToken="+token, http.StatusOK)
		for _, op := range p.Operations {
			got = append(got, op.Name)
		}
		if token = p.NextPageToken; token != "" {
			googleDo[client.GoogleError](t, s, http.MethodGet, "/v1/operations?pageToken="+token, http.StatusBadRequest)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got the list\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if p := googleDo[page](t, s, http.MethodGet, "/v1/operations?filter=done=false", http.StatusOK); len(p.Operations) != 0 {
		t.Errorf("filter done=false: got %+v, want no operation", p)
	}
	googleDo[client.GoogleError](t, s, http.MethodGet, "/v1/operations?filter=color=red", http.StatusBadRequest)
}
