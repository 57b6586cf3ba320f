package searches_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

func TestStatusInEveryState(t *testing.T) {
	t.Parallel()
	for state, want := range map[operation.State]struct {
		word       string
		code       int
		retryAfter string
		errorCode  string
	}{
		operation.Waiting:   {"IN_PROGRESS", 202, "4", ""}, // half of the interval within which the client must poll
		operation.Running:   {"IN_PROGRESS", 202, "4", ""},
		operation.Succeeded: {"COMPLETED", 201, "", ""},
		operation.Failed:    {"INTERNAL_SERVER_ERROR", 201, "", "Failed"},
		operation.Cancelled: {"CANCELLED_BY_USER", 201, "", "Canceled"},
		operation.TimedOut:  {"TIMED_OUT", 201, "", "TimedOut"},
	} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			w := newFake(state, 3).send(t, http.MethodGet, path, "")
			edgetest.CheckStatus(t, w, want.code)
			edgetest.CheckHeader(t, w, "Retry-After", want.retryAfter)
			edgetest.CheckHeader(t, w, "X-Ms-Error-Code", want.errorCode)
			got := edgetest.Decode[struct {
				Status string
				Result []struct{ N int }
				Error  *operation.Failure
			}](t, w)
			if got.Status != want.word {
				t.Errorf("status = %q, want %q", got.Status, want.word)
			}
			if len(got.Result) != 3 {
				t.Errorf("results = %d, want 3", len(got.Result))
			}
			if (got.Error != nil) != (want.errorCode != "") {
				t.Errorf("error = %+v, want one: %t", got.Error, want.errorCode != "")
			}
		})
	}
}

// The document is checked byte for byte: the members of seed 001 first.
func TestStatusDocument(t *testing.T) {
	t.Parallel()
	w := newFake(operation.Running, 3).send(t, http.MethodGet, path+"?offset=1&limit=1", "")
	edgetest.CheckBody(t, w, `{"status":"IN_PROGRESS","progress":56,"start_time":"Tue Aug 06 15:24:15 GMT 2024",`+
		`"links":[{"rel":"status","href":"https://api.example/search/status/`+id+`"},`+
		`{"rel":"operation","href":"https://api.example/operations/`+id+`"},`+
		`{"rel":"next","href":"https://api.example/search/status/`+id+`?offset=2&limit=1"}],`+
		`"id":"`+id+`","collection":"tools","counts":{"returned":3,"scanned":1000,"truncated":false},"result":[{"n":1}]}`)
	edgetest.CheckHeader(t, w, "Location", "https://api.example/search/status/"+id)
	edgetest.CheckHeader(t, w, "Operation-Location", "https://api.example/operations/"+id)
}

// The blocks of a window are read in batches, and the blocks before it are not read.
func TestStatusWindow(t *testing.T) {
	t.Parallel()
	const batch = 8
	for query, tt := range map[string]struct{ first, count, read int }{
		"":                       {0, 45, 23},
		"?offset=44":             {44, 1, 1},
		"?offset=45":             {0, 0, 0},
		"?offset=1000000000":     {0, 0, 0},
		"?limit=1":               {0, 1, 8},
		"?offset=21&limit=20":    {21, 20, 13},
		"?offset=43&limit=10":    {43, 2, 2},
		"?offset=0&limit=100000": {0, 45, 23},
	} {
		t.Run("query "+query, func(t *testing.T) {
			t.Parallel()
			f := newFake(operation.Succeeded, 45)
			type record struct{ N int }
			got := edgetest.Decode[struct{ Result []record }](t, f.send(t, http.MethodGet, path+query, "")).Result
			want := make([]record, tt.count)
			for i := range want {
				want[i].N = tt.first + i
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
			if f.read > tt.read+batch {
				t.Errorf("blocks read = %d, want at most a batch more than %d", f.read, tt.read)
			}
		})
	}
}

// A response with the records of an unfinished search reserves memory for the blocks that it reads,
// and not for the most that it may read: two of them fit into a gate with room for four blocks.
func TestStatusReservesWhatItReads(t *testing.T) {
	t.Parallel()
	const room = 4 * 512 << 10
	gate := admission.New(admission.Limits{Memory: room * 4 / 3}, metrics.NewAdmission()) // a quarter is for the cache
	for range 2 {
		ctx, taken := gate.Begin(t.Context(), "client")
		t.Cleanup(taken.End)
		w := newFake(operation.Running, 3).sendWith(ctx, t, http.MethodGet, path, "") // two blocks
		edgetest.CheckStatus(t, w, http.StatusAccepted)
		if used := gate.Memory.Used(); used > 1000 {
			t.Errorf("%d bytes are reserved after the reading of two small blocks, want their size", used)
		}
	}
}

// Results that are deleted while they are read must not look complete.
func TestStatusDeletedResults(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Succeeded, 4)
	f.blocks = f.blocks[:1]
	edgetest.CheckStatus(t, f.send(t, http.MethodGet, path, ""), http.StatusGone)
}

func TestStatusNotFound(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		path string
		kind operation.Kind
	}{
		"an import":  {path, operation.Import},
		"not a UUID": {"/search/status/7", operation.Search},
		"unknown":    {"/search/status/01a201ca-08ae-76bd-94da-dcd44d595977", operation.Search},
	} {
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			t.Run(method+" "+name, func(t *testing.T) {
				t.Parallel()
				f := newFake(operation.Running, 0)
				f.op.Kind = tt.kind
				edgetest.CheckStatus(t, f.send(t, method, tt.path, ""), http.StatusNotFound)
				if f.deleted {
					t.Error("the operation was deleted")
				}
			})
		}
	}
}

func TestStatusRejectsInvalidWindow(t *testing.T) {
	t.Parallel()
	for _, query := range []string{"?offset=-1", "?limit=0", "?limit=x", "?offset=", "?limit=9999999999", "?offset=2000000000"} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			edgetest.CheckStatus(t, newFake(operation.Succeeded, 1).send(t, http.MethodGet, path+query, ""), http.StatusBadRequest)
		})
	}
}

// A HEAD is not a poll, and reads no results.
func TestStatusHead(t *testing.T) {
	t.Parallel()
	for state, status := range map[operation.State]int{operation.Running: http.StatusAccepted, operation.Succeeded: http.StatusCreated} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			f := newFake(state, 45)
			w := f.send(t, http.MethodHead, path, "")
			edgetest.CheckStatus(t, w, status)
			edgetest.CheckBody(t, w, "")
			edgetest.CheckHasHeader(t, w, "Location", true)
			if f.peeks != 1 {
				t.Errorf("peeks = %d, want 1", f.peeks)
			}
			if f.read != 0 {
				t.Errorf("blocks read = %d, want 0", f.read)
			}
		})
	}
}

func TestDeleteRunning(t *testing.T) {
	t.Parallel()
	w := newFake(operation.Running, 3).send(t, http.MethodDelete, path, "")
	edgetest.CheckStatus(t, w, http.StatusOK)
	if got := edgetest.Decode[struct{ Status string }](t, w).Status; got != "CANCELLED_BY_USER" {
		t.Errorf("status = %q, want CANCELLED_BY_USER", got)
	}
}

func TestDeleteFinished(t *testing.T) {
	t.Parallel()
	w := newFake(operation.Succeeded, 3).send(t, http.MethodDelete, path, "")
	edgetest.CheckStatus(t, w, http.StatusNoContent)
	edgetest.CheckBody(t, w, "")
}
