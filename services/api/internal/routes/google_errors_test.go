package routes_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestGoogleErrors: every error at the addresses of google.longrunning has the form of Google's APIs (AIP-193),
// whichever part of the api answers.
func TestGoogleErrors(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on", "LONGSHORE_CORS_ORIGINS": "https://app.example.com"})
	all, _ := a.newKey(t, nil)
	op := a.begin(t, all)
	for name, tt := range map[string]struct {
		method, path, header string
		status               int
		word                 string
	}{
		"unknown operation":    {http.MethodGet, "/v1/operations/7", all, http.StatusNotFound, "NOT_FOUND"},
		"unknown address":      {http.MethodGet, "/v1/nothing", all, http.StatusNotFound, "NOT_FOUND"},
		"the dialect itself":   {http.MethodGet, "/v1", all, http.StatusNotFound, "NOT_FOUND"},
		"wrong method":         {http.MethodPut, "/v1/operations", all, http.StatusMethodNotAllowed, "UNIMPLEMENTED"},
		"no action":            {http.MethodPost, "/v1/operations/" + op.id, all, http.StatusNotFound, "NOT_FOUND"},
		"no credential":        {http.MethodGet, "/v1/operations", "X-None: 1", http.StatusUnauthorized, "UNAUTHENTICATED"},
		"bad filter":           {http.MethodGet, "/v1/operations?filter=x", all, http.StatusBadRequest, "INVALID_ARGUMENT"},
		"unknown parameter":    {http.MethodGet, "/v1/operations?page=1", all, http.StatusBadRequest, "INVALID_ARGUMENT"},
		"unfinished":           {http.MethodDelete, "/v1/operations/" + op.id, all, http.StatusBadRequest, "FAILED_PRECONDITION"},
		"condition":            {http.MethodPost, "/v1/operations/" + op.id + ":cancel", all + "\nIf-Match: \"9\"", http.StatusPreconditionFailed, "FAILED_PRECONDITION"},
		"page of another site": {http.MethodPost, "/v1/operations/" + op.id + ":cancel", all + "\nOrigin: https://evil.example", http.StatusForbidden, "PERMISSION_DENIED"},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // they share the api
			got := a.send(t, oneClient, tt.method, tt.path, "", strings.Split(tt.header, "\n")...)
			var body struct {
				Error struct {
					Code            int
					Message, Status string
					Details         []map[string]any
				}
			}
			if err := json.Unmarshal([]byte(got.body), &body); err != nil {
				t.Fatalf("%s: %v", got.body, err)
			}
			e := body.Error
			if got.status != tt.status || e.Code != tt.status || e.Status != tt.word || e.Message == "" || len(e.Details) < 2 {
				t.Errorf("%s %s = %d %s, want %d %s", tt.method, tt.path, got.status, got.body, tt.status, tt.word)
			}
		})
	}
}
