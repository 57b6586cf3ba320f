package e2e_test

import (
	"strings"
	"testing"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// TestUnknownAddresses requests unknown addresses, and known ones with a wrong method or parameter.
func TestUnknownAddresses(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	op := s.SubmitJSON(tool.SampleJSON)
	s.WaitFor(op, "Succeeded")
	const unknown = "/operations/0192f000-0000-7000-8000-000000000000"
	tests := []struct {
		name, method, path string
		status             int
		code, allow        string
	}{
		{"unknown_address", "GET", "/nowhere", 404, "no-such-address", ""},
		{"unknown_address_below", "GET", "/api/tools/import/status", 404, "no-such-address", ""},
		{"unknown_collection", "POST", "/api/spoons/import", 404, "unknown-collection", ""},
		{"collection_with_dots", "POST", "/api/..%2f..%2fetc/import", 400, "encoded-slash", ""},
		{"wrong_method_import", "GET", "/api/tools/import", 405, "method-not-allowed", "POST, OPTIONS"},
		{"wrong_method_operation", "PUT", "/operations/" + op.ID, 405, "method-not-allowed", "GET, POST, DELETE, HEAD, OPTIONS"},
		{"wrong_method_index", "TRACE", "/", 405, "method-not-allowed", "GET, HEAD, OPTIONS"},
		{"unknown_operation", "GET", unknown, 404, "operation-not-found", ""},
		{"unknown_status", "GET", strings.Replace(unknown, "operations", "status", 1), 404, "operation-not-found", ""},
		{"unknown_records", "GET", unknown + "/records", 404, "operation-not-found", ""},
		{"ill_formed_operation", "GET", "/operations/1", 404, "operation-not-found", ""},
		{"long_operation", "GET", "/operations/" + strings.Repeat("a", 2_000), 404, "operation-not-found", ""},
		{"operation_with_zero", "GET", "/operations/a%00b", 404, "operation-not-found", ""},
		{"operation_with_sql", "GET", "/operations/1'%20OR%20'1'='1", 404, "operation-not-found", ""},
		{"unknown_reference", "GET", "/api/tools/import/status/HD6EKSD8DO9", 404, "operation-not-found", ""},
		{"reference_with_zero", "GET", "/api/tools/import/status/a%00b", 404, "operation-not-found", ""},
		{"reference_with_bad_bytes", "GET", "/api/tools/import/status/%ff%fe", 404, "operation-not-found", ""},
		{"collection_with_bad_bytes", "GET", "/api/%ff/import/status/HD6EKSD8DO9", 404, "unknown-collection", ""},
		{"reference_elsewhere", "GET", "/api/spoons/import/status/" + op.TaskReference, 404, "unknown-collection", ""},
		{"unknown_outcome", "GET", "/operations/" + op.ID + "/records?outcome=lost", 400, "invalid-parameter", ""},
		{"unknown_format", "GET", "/operations/" + op.ID + "/records?format=xml", 400, "invalid-parameter", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := s.WithTB(t)
			resp, err := s.Client().Do(t.Context(), test.method, test.path, client.RequestBody{Type: "application/json", Content: tool.SampleJSON})
			if err != nil {
				t.Fatal(err)
			}
			expectProblem(t, resp, test.status, test.code)
			if allow := resp.Header.Get("Allow"); allow != test.allow {
				t.Errorf("Allow is %q, want %q", allow, test.allow)
			}
		})
	}
}
