package azure_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

func TestCancelIsIdempotent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.accept(t, nil)
	for _, path := range []string{"/operations/" + op.ID.String() + ":cancel", "/status/" + op.ID.String() + "%3Acancel", "/operations/" + op.ID.String() + "%3acancel"} {
		t.Run(path, func(t *testing.T) {
			w := f.send(t, http.MethodPost, path)
			edgetest.CheckStatus(t, w, http.StatusOK)
			edgetest.CheckHeader(t, w, "Retry-After", "")
			got := checkStatus(t, w, "Canceled")
			if got.ID != op.ID.String() {
				t.Errorf("id = %q, want %q", got.ID, op.ID)
			}
			if got.Error == nil {
				t.Error("error is missing")
			}
		})
	}
}

func TestCancelAfterEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.accept(t, nil)
	f.step(t, op, store.Progress{Done: true})
	w := f.send(t, http.MethodPost, "/operations/"+op.ID.String()+":cancel")
	edgetest.CheckProblem(t, w, http.StatusConflict, "OperationFinished")
}

func TestUnknownAction(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.accept(t, nil)
	for _, suffix := range []string{"", ":", ":start", ":cancel:", ":CANCEL", "%2Fcancel"} {
		t.Run("suffix "+suffix, func(t *testing.T) {
			w := f.send(t, http.MethodPost, "/operations/"+op.ID.String()+suffix)
			edgetest.CheckStatus(t, w, http.StatusNotFound)
			if suffix != "%2Fcancel" && !strings.Contains(w.Body.String(), `"actions":["cancel"]`) {
				t.Errorf("body = %s, want the known actions", w.Body)
			}
		})
	}
	edgetest.CheckStatus(t, f.send(t, http.MethodPost, "/operations/"+uuid.NewString()+":cancel"), http.StatusNotFound)
	checkStatus(t, f.send(t, http.MethodGet, "/operations/"+op.ID.String()), "NotStarted")
}

func TestDelete(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	path := "/operations/" + f.accept(t, nil).ID.String()

	w := f.send(t, http.MethodDelete, path)
	edgetest.CheckStatus(t, w, http.StatusOK)
	checkStatus(t, w, "Canceled")

	w = f.send(t, http.MethodDelete, path)
	edgetest.CheckStatus(t, w, http.StatusNoContent)
	edgetest.CheckBody(t, w, "")

	for method, suffix := range map[string]string{http.MethodDelete: "", http.MethodGet: "", http.MethodHead: "", http.MethodPost: ":cancel"} {
		t.Run("then "+method, func(t *testing.T) {
			edgetest.CheckStatus(t, f.send(t, method, path+suffix), http.StatusGone)
		})
	}
	edgetest.CheckStatus(t, f.send(t, http.MethodGet, path+"/events"), http.StatusGone)
}

// getAsync sends a GET in the background, and returns the channel of its response.
func (f *fixture) getAsync(t *testing.T, path string, headers ...string) <-chan *httptest.ResponseRecorder {
	t.Helper()
	responses := make(chan *httptest.ResponseRecorder, 1)
	go func() { responses <- f.send(t, http.MethodGet, path, headers...) }()
	return responses
}

func TestLongPollUntilEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.accept(t, nil)
	response := f.getAsync(t, "/operations/"+op.ID.String(), "Prefer", "respond-async, wait=30")
	f.step(t, op, store.Progress{Progress: 10})
	f.step(t, op, store.Progress{Done: true})
	w := <-response
	checkStatus(t, w, "Succeeded")
	edgetest.CheckHeader(t, w, "Preference-Applied", "wait=30")
}

func TestLongPollUntilChange(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.accept(t, nil)
	path := "/operations/" + op.ID.String()
	etag := func() string { return f.send(t, http.MethodGet, path).Header().Get("ETag") }

	before := etag()
	response := f.getAsync(t, path, "Prefer", "wait=30", "If-None-Match", before)
	f.step(t, op, store.Progress{Progress: 10})
	w := <-response
	edgetest.CheckStatus(t, w, http.StatusOK)
	checkStatus(t, w, "Running")
	if after := w.Header().Get("ETag"); after == before {
		t.Errorf("ETag = %s, want another than before", after)
	}

	w = f.send(t, http.MethodGet, path, "Prefer", "wait=1", "If-None-Match", etag())
	edgetest.CheckStatus(t, w, http.StatusNotModified)
	edgetest.CheckHeader(t, w, "Preference-Applied", "wait=1")

	f.step(t, op, store.Progress{Done: true})
	w = f.send(t, http.MethodGet, path, "Prefer", "wait=30", "If-None-Match", etag())
	edgetest.CheckStatus(t, w, http.StatusNotModified)
}
