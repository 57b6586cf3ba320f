package searches_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

func TestSubmit(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Running, 1)
	body := `{"collection":"tools","query":"a","filter":{"category":{"in":["x","y"]}},"sort":["-tool_name"],"limit":9}`
	edgetest.CheckStatus(t, f.send(t, http.MethodPost, "/search", body), http.StatusAccepted)
	want := []store.Draft{{
		Kind: operation.Search, Collection: "tools", Retention: time.Hour, PollWithin: 8 * time.Second, Lanes: 1, Principal: "local", Tenant: "default", Owner: "192.0.2.1",
		Request: []byte(`{"query":"a","filter":{"category":{"in":["x","y"]}},"sort":["-tool_name"],"limit":9}`),
	}}
	if diff := cmp.Diff(want, f.drafts, cmpopts.IgnoreFields(store.Draft{}, "Reference", "Digest")); diff != "" {
		t.Errorf("drafts (-want +got):\n%s", diff)
	}
	if f.dispatched != 1 {
		t.Errorf("dispatched = %d, want 1", f.dispatched)
	}
}

// An accepted search does not fail if there is no room for its results: the client reads them at the
// status.
func TestSubmitWithoutRoomForResults(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Running, 3)
	f.readErr = fault.New(fault.Busy, "server-busy", "Later.").RetryAfter(5 * time.Second)
	f.accepted = &operation.Operation{ID: f.op.ID, Kind: operation.Search, State: operation.Waiting, Collection: "tools"}
	w := f.send(t, http.MethodPost, "/search", `{}`)
	edgetest.CheckStatus(t, w, http.StatusAccepted)
	edgetest.CheckHasHeader(t, w, "Location", true)
	got := edgetest.Decode[struct {
		Status string
		Result []struct{ N int }
	}](t, w)
	if got.Status != "IN_PROGRESS" || len(got.Result) != 0 {
		t.Errorf("response = %+v, want IN_PROGRESS without results", got)
	}
	edgetest.CheckProblem(t, f.send(t, http.MethodGet, path, ""), http.StatusServiceUnavailable, "ServerBusy")
}

func TestSubmitRejectedByPostgres(t *testing.T) {
	t.Parallel()
	for status, err := range map[int]error{
		http.StatusUnprocessableEntity: fault.New(fault.Invalid, "invalid-query", "No date."),
		http.StatusServiceUnavailable:  fault.New(fault.Unavailable, "database-unavailable", "Later."),
		http.StatusInternalServerError: errors.New("no such table"),
	} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			f := newFake(operation.Running, 0)
			f.prepareErr = err
			edgetest.CheckStatus(t, f.send(t, http.MethodPost, "/search", `{}`), status)
			if len(f.drafts) != 0 {
				t.Errorf("accepted %d searches, want 0", len(f.drafts))
			}
		})
	}
}
