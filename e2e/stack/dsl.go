package stack

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
)

// waitLimit is the maximum time of an import without disturbances.
const waitLimit = 90 * time.Second

// Submit posts a body to a collection and expects 202.
func (s *Stack) Submit(collection string, body client.RequestBody) client.Accepted {
	s.tb.Helper()
	op, err := s.client.Import(s.tb.Context(), collection, body)
	if err != nil {
		s.tb.Fatal(err)
	}
	return op
}

// SubmitJSON posts a JSON body to the collection "tools".
func (s *Stack) SubmitJSON(content []byte) client.Accepted {
	s.tb.Helper()
	return s.Submit("tools", client.RequestBody{Type: "application/json", Content: content})
}

// SubmitLines posts an NDJSON body to the collection "tools".
func (s *Stack) SubmitLines(content []byte) client.Accepted {
	s.tb.Helper()
	return s.Submit("tools", client.RequestBody{Type: "application/x-ndjson", Content: content})
}

// Do sends a request and returns its response.
func (s *Stack) Do(method, address string, body client.RequestBody) *client.Response {
	s.tb.Helper()
	response, err := s.client.Do(s.tb.Context(), method, address, body)
	if err != nil {
		s.tb.Fatal(err)
	}
	return response
}

// StartOperation posts a JSON body to a path that starts an operation, such as /search.
func (s *Stack) StartOperation(path, body string) client.Accepted {
	s.tb.Helper()
	response := s.Do(http.MethodPost, path, client.RequestBody{Type: "application/json", Content: []byte(body)})
	op := client.Accepted{OperationLocation: response.Header.Get("Operation-Location")}
	op.ID = op.OperationLocation[strings.LastIndex(op.OperationLocation, "/")+1:]
	if op.ID == "" {
		s.tb.Fatalf("POST %s = %d %s, want an operation", path, response.Status, response.Body)
	}
	return op
}

// SubmitParts sends an NDJSON body to the collection "tools" as a multipart upload, which a worker
// splits. It calls ready before a worker may begin.
func (s *Stack) SubmitParts(ready func(), parts ...[]byte) client.Accepted {
	s.tb.Helper()
	begun := s.Do(http.MethodPost, "/api/tools/import:upload-start", client.RequestBody{Type: "application/x-ndjson"})
	var upload struct{ Parts, Finish string }
	if err := json.Unmarshal(begun.Body, &upload); err != nil || begun.Status != http.StatusCreated {
		s.tb.Fatalf("upload-start = %d %s (%v), want 201", begun.Status, begun.Body, err)
	}
	for i, content := range parts {
		part := s.Do(http.MethodPut, strings.ReplaceAll(upload.Parts, "{n}", strconv.Itoa(i+1)), client.RequestBody{Content: content})
		if part.Status != http.StatusCreated {
			s.tb.Fatalf("PUT part %d = %d %s, want 201", i+1, part.Status, part.Body)
		}
	}
	ready()
	op, err := s.client.Accepted(s.Do(http.MethodPost, upload.Finish, client.RequestBody{}))
	if err != nil {
		s.tb.Fatal(err)
	}
	return op
}

// WaitFor polls the operation at the intervals of Retry-After until it is finished, and fails the
// test if its final status is not the given one.
func (s *Stack) WaitFor(op client.Accepted, status string) client.Monitor {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(s.tb.Context(), waitLimit)
	defer cancel()
	m, err := s.client.Follow(ctx, op.OperationLocation)
	return s.expectStatus(op, m, err, status)
}

// watchInterval is the poll interval of Watch: short, so that a count that decreases is noticed.
const watchInterval = 20 * time.Millisecond

// Watch polls the operation in the background until it is finished. The returned function waits for
// that, and fails the test if the final status is not the given one.
func (s *Stack) Watch(op client.Accepted) (wait func(status string) client.Monitor) {
	ctx, cancel := context.WithTimeout(s.tb.Context(), waitLimit)
	type result struct {
		monitor client.Monitor
		err     error
	}
	done := make(chan result, 1)
	go func() {
		defer cancel()
		m, err := s.client.Watch(ctx, op.OperationLocation, watchInterval)
		done <- result{m, err}
	}()
	return func(status string) client.Monitor {
		s.tb.Helper()
		r := <-done
		return s.expectStatus(op, r.monitor, r.err, status)
	}
}

func (s *Stack) expectStatus(op client.Accepted, m client.Monitor, err error, want string) client.Monitor {
	s.tb.Helper()
	if err != nil {
		s.tb.Fatal(err)
	}
	if m.Status != want {
		s.tb.Fatalf("status of operation %s = %s, want %s: %+v", op.ID, m.Status, want, m.Error)
	}
	return m
}

// TaskStatus reads the import in the form of the tools API.
func (s *Stack) TaskStatus(op client.Accepted) client.TaskStatus {
	s.tb.Helper()
	status, err := s.client.TaskStatus(s.tb.Context(), op.Location)
	if err != nil {
		s.tb.Fatal(err)
	}
	return status
}

// Records reads the operation's records with an outcome.
func (s *Stack) Records(op client.Accepted, outcome string) []client.Record {
	s.tb.Helper()
	records, err := s.client.Records(s.tb.Context(), op.OperationLocation, outcome)
	if err != nil {
		s.tb.Fatalf("reading the %s records: %v", outcome, err)
	}
	return records
}

// Exec runs SQL statements in the stack's database.
func (s *Stack) Exec(sql string) {
	s.tb.Helper()
	if _, err := s.db.Exec(s.tb.Context(), sql); err != nil {
		s.tb.Fatalf("running %s: %v", sql, err)
	}
}

// Number runs a query that returns one integer.
func (s *Stack) Number(sql string, args ...any) int {
	s.tb.Helper()
	var n int
	if err := s.db.QueryRow(s.tb.Context(), sql, args...).Scan(&n); err != nil {
		s.tb.Fatalf("running %s: %v", sql, err)
	}
	return n
}

// Texts returns the texts of a query's only column.
func (s *Stack) Texts(sql string, args ...any) []string {
	s.tb.Helper()
	rows, err := s.db.Query(s.tb.Context(), sql, args...)
	if err != nil {
		s.tb.Fatalf("running %s: %v", sql, err)
	}
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		s.tb.Fatalf("running %s: %v", sql, err)
	}
	return texts
}

// WaitForSQL waits until a query returns true. The description completes "waiting for …".
func (s *Stack) WaitForSQL(limit time.Duration, description, sql string, args ...any) {
	s.tb.Helper()
	await.Until(s.tb, limit, description, func() bool {
		var done bool
		if err := s.db.QueryRow(s.tb.Context(), sql, args...).Scan(&done); err != nil {
			s.tb.Fatalf("running %s: %v", sql, err)
		}
		return done
	})
}
