package sample_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/deploy/local/sample"
)

// api answers as the product does, with the states given one after the other.
type api struct {
	states []string
	final  string
	posted []byte
	polls  int
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	base := "http://" + r.Host
	switch r.Method + " " + r.URL.Path {
	case "POST /api/tools/import":
		a.posted, _ = io.ReadAll(r.Body)
		w.Header().Set("Operation-Location", base+"/operations/1")
		w.Header().Set("Location", base+"/api/tools/import/status/REF")
		w.Header().Set("Retry-After", "3600")
		w.Header().Set("retry-after-ms", "1")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"task_reference":"REF","status":"IN_PROGRESS"}`)
	case "GET /operations/1":
		w.Header().Set("Retry-After", "3600")
		w.Header().Set("retry-after-ms", "1")
		_, _ = fmt.Fprintf(w, `{"status":%q,"error":{"code":"Broken"}}`, a.states[a.polls])
		a.polls++
	case "GET /api/tools/import/status/REF":
		_, _ = io.WriteString(w, a.final)
	default:
		http.NotFound(w, r)
	}
}

// transcript collects what is said.
type transcript struct{ strings.Builder }

func (s *transcript) Printf(format string, args ...any) { _, _ = fmt.Fprintf(s, format+"\n", args...) }

const completed = `{"task_reference":"REF","status":"COMPLETED","progress":"100%","imported_records":5,"errors":[]}`

func TestImport(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		states []string
		final  string
		fault  string // what the error tells; empty: none
	}{
		"done":                {[]string{"NotStarted", "Running", "Succeeded"}, completed, ""},
		"failed as a whole":   {[]string{"Running", "Failed"}, completed, "Broken"},
		"a record is missing": {[]string{"Succeeded"}, strings.Replace(completed, ":5", ":4", 1), "4 of 5 records"},
		"a record is faulty":  {[]string{"Succeeded"}, strings.Replace(completed, "[]", "[{}]", 1), "1 errors"},
		"still in progress":   {[]string{"Succeeded"}, strings.Replace(completed, "COMPLETED", "IN_PROGRESS", 1), "IN_PROGRESS"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := &api{states: test.states, final: test.final}
			server := httptest.NewServer(fake)
			t.Cleanup(server.Close)
			var said transcript
			err := sample.Import(t.Context(), server.URL, &said)
			if test.fault == "" && err != nil {
				t.Errorf("Import: %v", err)
			}
			if test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)) {
				t.Errorf("Import returned %v, which does not tell %q", err, test.fault)
			}
			if fake.polls != len(test.states) {
				t.Errorf("%d polls instead of %d", fake.polls, len(test.states))
			}
			for _, line := range []string{"Operation-Location: " + server.URL, "Location: " + server.URL, "Retry-After: 3600"} {
				if !strings.Contains(said.String(), line) {
					t.Errorf("the transcript lacks %q:\n%s", line, said.String())
				}
			}
		})
	}
}

func TestSampleIsTheSeeds(t *testing.T) {
	t.Parallel()
	fake := &api{states: []string{"Succeeded"}, final: completed}
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	if err := sample.Import(t.Context(), server.URL, &transcript{}); err != nil {
		t.Fatal(err)
	}
	var posted struct {
		Data []struct {
			ID string `json:"tool_id"`
		} `json:"data"`
	}
	if err := json.Unmarshal(fake.posted, &posted); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, tool := range posted.Data {
		ids = append(ids, tool.ID)
	}
	if diff := cmp.Diff([]string{"V001", "V002", "V003", "V004", "V005"}, ids); diff != "" {
		t.Errorf("posted (-want +got):\n%s", diff)
	}
}
