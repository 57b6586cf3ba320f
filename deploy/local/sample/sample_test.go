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

// fakeAPI answers like the api: the states of the operation follow each other, one for each poll.
type fakeAPI struct {
	states []string
	final  string
	posted []byte
	polls  int
}

func (a *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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

// output collects the printed lines.
type output struct{ strings.Builder }

func (o *output) Printf(format string, args ...any) { _, _ = fmt.Fprintf(o, format+"\n", args...) }

const completed = `{"task_reference":"REF","status":"COMPLETED","progress":"100%","imported_records":5,"errors":[]}`

func TestImport(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		states  []string
		final   string
		wantErr string // a part of the error; empty: no error
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
			fake := &fakeAPI{states: test.states, final: test.final}
			server := httptest.NewServer(fake)
			t.Cleanup(server.Close)
			var printed output
			err := sample.Import(t.Context(), server.URL, "", &printed)
			if test.wantErr == "" && err != nil {
				t.Errorf("Import() = %v, want no error", err)
			}
			if test.wantErr != "" && (err == nil || !strings.Contains(err.Error(), test.wantErr)) {
				t.Errorf("Import() = %v, want an error that contains %q", err, test.wantErr)
			}
			if fake.polls != len(test.states) {
				t.Errorf("polls = %d, want %d", fake.polls, len(test.states))
			}
			for _, line := range []string{"Operation-Location: " + server.URL, "Location: " + server.URL, "Retry-After: 3600"} {
				if !strings.Contains(printed.String(), line) {
					t.Errorf("output lacks %q:\n%s", line, printed.String())
				}
			}
		})
	}
}

func TestImportPostsTheSeedsTools(t *testing.T) {
	t.Parallel()
	fake := &fakeAPI{states: []string{"Succeeded"}, final: completed}
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	if err := sample.Import(t.Context(), server.URL, "", &output{}); err != nil {
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
		t.Errorf("posted tools (-want +got):\n%s", diff)
	}
}
