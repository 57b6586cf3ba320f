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

// googleOperation is what clients of google.longrunning read.
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

// googleAnswer asks in Google's dialect, and reads the answer if it is the one that is expected.
func googleAnswer[T any](t *testing.T, s *stack.Stack, method, path string, status int) (v T) {
	t.Helper()
	answer, err := s.Client().Do(t.Context(), method, path, client.RequestBody{})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(answer.Body, &v); err != nil || answer.Status != status {
		t.Fatalf("%s %s: %d %s", method, path, answer.Status, answer.Body)
	}
	return v
}

func TestGoogleOperation(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	release := s.BlockWrites("xforce.tools")
	first, second := s.SubmitJSON(tool.SampleJSON), s.SubmitJSON(tool.SampleJSON)
	path := func(op client.Accepted) string { return "/v1/operations/" + op.ID }
	if got := googleAnswer[googleOperation](t, s, http.MethodGet, path(first), http.StatusOK); got.Done || got.Response != nil || got.Error != nil ||
		got.Name != "operations/"+first.ID {
		t.Errorf("unfinished it is %+v", got)
	}
	if p := googleAnswer[client.Problem](t, s, http.MethodDelete, path(first), http.StatusBadRequest); p.Code() != "failed-precondition" {
		t.Errorf("deleting what is unfinished is answered with %+v", p)
	}
	for range 2 {
		googleAnswer[struct{}](t, s, http.MethodPost, path(second)+":cancel", http.StatusOK)
	}
	if got := googleAnswer[googleOperation](t, s, http.MethodGet, path(second), http.StatusOK); !got.Done || got.Error == nil || got.Error.Code != 1 || got.Response != nil {
		t.Errorf("cancelled it is %+v", got)
	}
	release()
	var got googleOperation
	await.Until(t, recoveryLimit, "the import to be done", func() bool {
		got = googleAnswer[googleOperation](t, s, http.MethodGet, path(first), http.StatusOK)
		return got.Done
	})
	if want := (client.Counts{Total: 5, Created: 5, Imported: 5}); got.Error != nil || got.Response == nil || got.Response.Value != want {
		t.Errorf("done it is %+v", got)
	}
	googleAnswer[struct{}](t, s, http.MethodPost, path(first)+":cancel", http.StatusOK)
	googleAnswer[struct{}](t, s, http.MethodDelete, path(first), http.StatusOK)
	googleAnswer[client.Problem](t, s, http.MethodGet, path(first), http.StatusGone)
}

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
		p := googleAnswer[page](t, s, http.MethodGet, "/v1/operations?pageSize=2&filter="+filter+"&pageToken="+token, http.StatusOK)
		for _, op := range p.Operations {
			got = append(got, op.Name)
		}
		if token = p.NextPageToken; token != "" {
			googleAnswer[client.Problem](t, s, http.MethodGet, "/v1/operations?pageToken="+token, http.StatusBadRequest)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the list is\n%s, not\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if p := googleAnswer[page](t, s, http.MethodGet, "/v1/operations?filter=done=false", http.StatusOK); len(p.Operations) != 0 {
		t.Errorf("what is not done is %+v", p)
	}
	googleAnswer[client.Problem](t, s, http.MethodGet, "/v1/operations?filter=color=red", http.StatusBadRequest)
}
