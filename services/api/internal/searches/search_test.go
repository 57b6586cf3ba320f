package searches_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
)

const path = "/search/status/" + id

func TestEachStateHasItsWordAndStatus(t *testing.T) {
	t.Parallel()
	for state, want := range map[operation.State]struct {
		word       string
		code       int
		retryAfter string
		errorCode  string
	}{
		operation.Waiting:   {"IN_PROGRESS", 202, "4", ""}, // half of what the client has
		operation.Running:   {"IN_PROGRESS", 202, "4", ""},
		operation.Succeeded: {"COMPLETED", 201, "", ""},
		operation.Failed:    {"INTERNAL_SERVER_ERROR", 201, "", "Failed"},
		operation.Cancelled: {"CANCELLED_BY_USER", 201, "", "Canceled"},
		operation.TimedOut:  {"TIMED_OUT", 201, "", "TimedOut"},
	} {
		w := ask(t, in(state, 3), http.MethodGet, path, "")
		var body struct {
			Status string
			Result []struct{ N int }
			Error  *operation.Failure
		}
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatalf("%s: %v", w.Body, err)
		}
		if w.Code != want.code || body.Status != want.word || len(body.Result) != 3 || w.Header().Get("Retry-After") != want.retryAfter ||
			w.Header().Get("X-Ms-Error-Code") != want.errorCode || (body.Error != nil) != (want.errorCode != "") {
			t.Errorf("%s: %d, Retry-After %q: %s", state, w.Code, w.Header().Get("Retry-After"), w.Body)
		}
	}
}

func TestAnAnswerIsWrittenAsTheSeedWritesIt(t *testing.T) {
	t.Parallel()
	w := ask(t, in(operation.Running, 3), http.MethodGet, path+"?offset=1&limit=1", "")
	want := `{"status":"IN_PROGRESS","progress":56,"start_time":"Tue Aug 06 15:24:15 GMT 2024",` +
		`"links":[{"rel":"status","href":"https://api.example/search/status/` + id + `"},` +
		`{"rel":"operation","href":"https://api.example/operations/` + id + `"},` +
		`{"rel":"next","href":"https://api.example/search/status/` + id + `?offset=2&limit=1"}],` +
		`"id":"` + id + `","collection":"tools","counts":{"returned":3,"scanned":1000,"truncated":false},"result":[{"n":1}]}` + "\n"
	if diff := cmp.Diff(want, w.Body.String()); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if w.Header().Get("Location") != "https://api.example/search/status/"+id || w.Header().Get("Operation-Location") != "https://api.example/operations/"+id {
		t.Errorf("headers %v", w.Header())
	}
}

func TestResultsAreReadPieceByPiece(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]struct{ first, n, read int }{
		"":                       {0, 45, 23},
		"?offset=44":             {44, 1, 1},
		"?offset=45":             {0, 0, 0},
		"?offset=2000000000":     {0, 0, 0},
		"?limit=1":               {0, 1, 8},
		"?offset=21&limit=20":    {21, 20, 13},
		"?offset=43&limit=10":    {43, 2, 2},
		"?offset=0&limit=100000": {0, 45, 23},
	} {
		b := in(operation.Succeeded, 45)
		w := ask(t, b, http.MethodGet, path+query, "")
		var body struct{ Result []struct{ N int } }
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatalf("%s: %v", w.Body, err)
		}
		if len(body.Result) != want.n || b.read != want.read && b.read > want.read+8 || want.n > 0 && body.Result[0].N != want.first {
			t.Errorf("%s: %d results, %d pieces read: %s", query, len(body.Result), b.read, w.Body)
		}
		for i, r := range body.Result {
			if r.N != want.first+i {
				t.Errorf("%s: result %d is %d", query, i, r.N)
			}
		}
	}
}

func TestResultsThatGoAwayAreNoWholeAnswer(t *testing.T) {
	t.Parallel()
	b := in(operation.Succeeded, 4)
	b.pieces = b.pieces[:1]
	w := ask(t, b, http.MethodGet, path, "")
	if w.Code != http.StatusGone { // had the answer begun, the server would break it off
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestWhatIsNoSearchIsNotFound(t *testing.T) {
	t.Parallel()
	imported := in(operation.Running, 0)
	imported.op.Kind = operation.Import
	for address, b := range map[string]*backend{
		path: imported, "/search/status/7": in(operation.Running, 0), "/search/status/01a201ca-08ae-76bd-94da-dcd44d595977": in(operation.Running, 0),
	} {
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			if w := ask(t, b, method, address, ""); w.Code != http.StatusNotFound || b.deleted {
				t.Errorf("%s %s: %d", method, address, w.Code)
			}
		}
	}
}

func TestABadWindowIsRefused(t *testing.T) {
	t.Parallel()
	for _, query := range []string{"?offset=-1", "?limit=0", "?limit=x", "?offset=", "?limit=9999999999"} {
		if w := ask(t, in(operation.Succeeded, 1), http.MethodGet, path+query, ""); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", query, w.Code)
		}
	}
}

func TestDeleteCancelsOrPrunes(t *testing.T) {
	t.Parallel()
	running := ask(t, in(operation.Running, 3), http.MethodDelete, path, "")
	if running.Code != http.StatusOK || !strings.Contains(running.Body.String(), `"CANCELLED_BY_USER"`) {
		t.Errorf("running: %d %s", running.Code, running.Body)
	}
	finished := ask(t, in(operation.Succeeded, 3), http.MethodDelete, path, "")
	if finished.Code != http.StatusNoContent || finished.Body.Len() != 0 {
		t.Errorf("finished: %d %s", finished.Code, finished.Body)
	}
}

func TestASearchIsAcceptedWithItsTerms(t *testing.T) {
	t.Parallel()
	b := in(operation.Running, 1)
	w := ask(t, b, http.MethodPost, "/search", `{"collection":"tools","query":"a","filter":{"category":{"in":["x","y"]}},"sort":["-tool_name"],"limit":9}`)
	if w.Code != http.StatusAccepted || len(b.drafts) != 1 || b.rung != 1 {
		t.Fatalf("%d %s, rung %d times", w.Code, w.Body, b.rung)
	}
	d := b.drafts[0]
	request := `{"query":"a","filter":{"category":{"in":["x","y"]}},"sort":["-tool_name"],"limit":9}`
	if d.Kind != operation.Search || d.Collection != "tools" || d.Retention != time.Hour || d.PollWithin != 8*time.Second || d.Lanes != 1 ||
		string(d.Request) != request {
		t.Errorf("%+v with request %s", d, d.Request)
	}
}

func TestWhatPostgresRefusesIsNotAccepted(t *testing.T) {
	t.Parallel()
	for want, prepared := range map[int]error{
		http.StatusUnprocessableEntity: fault.New(fault.Invalid, "invalid-query", "No date."),
		http.StatusServiceUnavailable:  fault.New(fault.Unavailable, "database-unavailable", "Later."),
		http.StatusInternalServerError: errors.New("no such table"),
	} {
		b := in(operation.Running, 0)
		b.prepared = prepared
		if w := ask(t, b, http.MethodPost, "/search", `{}`); w.Code != want || len(b.drafts) > 0 {
			t.Errorf("%v: %d %s", prepared, w.Code, w.Body)
		}
	}
}

// A HEAD is neither a poll nor does it read what nobody takes.
func TestAHeadIsNoPoll(t *testing.T) {
	t.Parallel()
	for state, code := range map[operation.State]int{operation.Running: http.StatusAccepted, operation.Succeeded: http.StatusCreated} {
		b := in(state, 45)
		w := ask(t, b, http.MethodHead, path, "")
		if w.Code != code || w.Body.Len() != 0 || w.Header().Get("Location") == "" || b.glances != 1 || b.read != 0 {
			t.Errorf("%s: %d %v %q, %d glances, %d pieces read", state, w.Code, w.Header(), w.Body, b.glances, b.read)
		}
	}
}
