package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
)

// endpoint is a path that starts operations of one kind, with a valid body.
type endpoint struct {
	kind, path string
	body       []byte
}

var (
	importEndpoint = endpoint{"import", "/api/tools/import", []byte(`[{"tool_id":"T1","tool_name":"One","category":"Games"}]`)}
	searchEndpoint = endpoint{"search", "/search", []byte(`{"collection":"tools"}`)}
	reportEndpoint = endpoint{"report", "/start-report", nil}
)

// startedOperation is an accepted operation, with its name in each dialect: id, reference or
// number.
type startedOperation struct {
	endpoint
	id, reference, collection string
	number                    int64
	accepted                  client.Accepted
}

// startOperation starts an operation with an id that the client chooses.
func startOperation(ctx context.Context, s *stack.Stack, e endpoint, body client.RequestBody) (startedOperation, error) {
	id := uuid.NewString()
	body.Header = body.Header.Clone()
	if body.Header == nil {
		body.Header = make(http.Header)
	}
	body.Header.Set("Operation-Id", id)
	response, err := s.Client().Do(ctx, http.MethodPost, e.path, body)
	if err != nil {
		return startedOperation{}, err
	}
	if response.Status != http.StatusAccepted && response.Status != http.StatusCreated {
		return startedOperation{}, fmt.Errorf("POST %s: status %d: %s", e.path, response.Status, response.Body)
	}
	op, err := findOperation(ctx, s, e, id)
	if err != nil {
		return op, err
	}
	if got, want := response.Header.Get("Operation-Location"), op.accepted.OperationLocation; got != want {
		return op, fmt.Errorf("POST %s: got Operation-Location %q, want %q", e.path, got, want)
	}
	return op, nil
}

// startMultipart starts an import by a multipart upload of two parts, and sends the second part
// first.
func startMultipart(ctx context.Context, s *stack.Stack, body client.RequestBody) (startedOperation, error) {
	var u multipartUpload
	half := len(body.Content) / 2
	for _, step := range []struct {
		method string
		url    func() string
		body   client.RequestBody
	}{
		{http.MethodPost, func() string { return "/api/tools/import:upload-start" }, client.RequestBody{Type: body.Type}},
		{http.MethodPut, func() string { return u.part(2) }, client.RequestBody{Content: body.Content[half:]}},
		{http.MethodPut, func() string { return u.part(1) }, client.RequestBody{Content: body.Content[:half]}},
		{http.MethodPost, func() string { return u.Finish }, client.RequestBody{}},
	} {
		response, err := s.Client().Do(ctx, step.method, step.url(), step.body)
		if err != nil {
			return startedOperation{}, err
		}
		if response.Status < 200 || response.Status > 202 {
			return startedOperation{}, fmt.Errorf("%s %s: status %d: %s", step.method, step.url(), response.Status, response.Body)
		}
		if u.ID == "" {
			if err := json.Unmarshal(response.Body, &u); err != nil {
				return startedOperation{}, fmt.Errorf("decoding %s: %w", response.Body, err)
			}
		}
	}
	return findOperation(ctx, s, importEndpoint, u.ID)
}

// findOperation reads the names of an operation from the database.
func findOperation(ctx context.Context, s *stack.Stack, e endpoint, id string) (startedOperation, error) {
	op := startedOperation{endpoint: e, id: id}
	op.accepted = client.Accepted{ID: id, OperationLocation: s.Client().Base() + "/operations/" + id}
	err := s.DB().QueryRow(ctx, `SELECT number, task_reference, coalesce(collection, '') FROM xforce.tasks WHERE task_id = $1`, id).
		Scan(&op.number, &op.reference, &op.collection)
	return op, err
}

// mustStart starts an operation with the body of its endpoint.
func mustStart(t *testing.T, s *stack.Stack, e endpoint, header http.Header) startedOperation {
	t.Helper()
	op, err := startOperation(t.Context(), s, e, client.RequestBody{Type: "application/json", Header: header, Content: e.body})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// mustGet requests a path or an absolute URL.
func mustGet(t *testing.T, s *stack.Stack, url string) *client.Response {
	t.Helper()
	response, err := s.Client().Get(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return response
}
