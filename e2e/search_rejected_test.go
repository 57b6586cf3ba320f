package e2e_test

import (
	"cmp"
	"net/http"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
)

// expectRejected is expectProblem for a request that may have failed.
func expectRejected(t *testing.T, resp *client.Response, err error, status int, code string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	expectProblem(t, resp, status, code)
}

func expectRejectedSearches(t *testing.T, s *stack.Stack) {
	t.Helper()
	for _, tt := range []struct {
		name   string
		body   client.RequestBody
		status int
		code   string
	}{
		{"empty", client.RequestBody{Content: []byte(``)}, 400, "malformed-query"},
		{"null", client.RequestBody{Content: []byte(`null`)}, 400, "malformed-query"},
		{"open_object", client.RequestBody{Content: []byte(`{"query":`)}, 400, "malformed-query"},
		{"two_values", client.RequestBody{Content: []byte(`{"limit":1}{"limit":2}`)}, 400, "malformed-query"},
		{"collection_number", client.RequestBody{Content: []byte(`{"collection":7}`)}, 400, "malformed-query"},
		{"select_text", client.RequestBody{Content: []byte(`{"select":"*"}`)}, 400, "malformed-query"},
		{"unknown_collection", client.RequestBody{Content: []byte(`{"collection":"nothing"}`)}, 422, "invalid-query"},
		{"limit_too_high", client.RequestBody{Content: []byte(`{"limit":10001}`)}, 422, "invalid-query"},
		{"limit_zero", client.RequestBody{Content: []byte(`{"limit":0}`)}, 422, "invalid-query"},
		{"unsearchable_member", client.RequestBody{Content: []byte(`{"filter":{"price":1}}`)}, 422, "invalid-query"},
		{"wrong_type", client.RequestBody{Content: []byte(`{"filter":{"category":7}}`)}, 422, "invalid-query"},
		{"zero_character", client.RequestBody{Content: []byte(`{"query":"\u0000"}`)}, 422, "invalid-query"},
		{"too_large", client.RequestBody{Content: []byte(`{"query":"` + strings.Repeat("x", 300_000) + `"}`)}, 413, "query-too-large"},
		{"csv", client.RequestBody{Type: "text/csv", Content: []byte(`{}`)}, 415, "unsupported-media-type"},
		{"gzip", client.RequestBody{Encoding: "gzip", Content: []byte(`{}`)}, 415, "unsupported-content-encoding"},
		{"retention_too_short", client.RequestBody{Header: http.Header{"Longshore-Retention": {"4m"}}, Content: []byte(`{}`)}, 400, "invalid-retention"},
		{"retention_too_long", client.RequestBody{Header: http.Header{"Longshore-Retention": {"8d"}}, Content: []byte(`{}`)}, 400, "invalid-retention"},
		{"invalid_operation_id", client.RequestBody{Header: http.Header{"Operation-Id": {"7"}}, Content: []byte(`{}`)}, 400, "invalid-operation-id"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.body.Type = cmp.Or(tt.body.Type, "application/json")
			resp, err := s.Client().Do(t.Context(), http.MethodPost, "/search", tt.body)
			expectRejected(t, resp, err, tt.status, tt.code)
		})
	}
	for _, address := range []string{"/search/status/x", "/search/status/%00", "/search/status/0192f000-0000-7000-8000-000000000000"} {
		t.Run(address, func(t *testing.T) {
			resp, err := s.Client().Get(t.Context(), address)
			if err != nil || resp.Status != http.StatusNotFound {
				t.Errorf("got %+v (%v), want 404", resp, err)
			}
		})
	}
}
