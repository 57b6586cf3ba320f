package stack

import (
	"context"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
)

// waitLimit bounds a wait for an import that nothing disturbs.
const waitLimit = 90 * time.Second

// Submit posts a body to a collection and expects the 202.
func (s *Stack) Submit(collection string, body client.Body) client.Accepted {
	s.tb.Helper()
	op, err := s.client.Import(s.tb.Context(), collection, body)
	if err != nil {
		s.tb.Fatal(err)
	}
	return op
}

// SubmitJSON posts a JSON body to the shipped collection.
func (s *Stack) SubmitJSON(content []byte) client.Accepted {
	s.tb.Helper()
	return s.Submit("tools", client.Body{Type: "application/json", Content: content})
}

// SubmitLines posts an NDJSON body to the shipped collection.
func (s *Stack) SubmitLines(content []byte) client.Accepted {
	s.tb.Helper()
	return s.Submit("tools", client.Body{Type: "application/x-ndjson", Content: content})
}

// WaitFor polls the operation as the api asks until it is finished, and fails the test if its end is another one.
func (s *Stack) WaitFor(op client.Accepted, status string) client.Monitor {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(s.tb.Context(), waitLimit)
	defer cancel()
	m, err := s.client.Follow(ctx, op.OperationLocation)
	if err != nil {
		s.tb.Fatal(err)
	}
	if m.Status != status {
		s.tb.Fatalf("operation %s ended as %s, not %s: %+v", op.ID, m.Status, status, m.Error)
	}
	return m
}

// watchPace is how often a watcher looks, whatever the api asks for: a history of many points shows a step back.
const watchPace = 20 * time.Millisecond

// Watch polls the operation from now until it is finished, beside what the test does. The function that it returns waits for the
// end, and fails the test if that is another one than status.
func (s *Stack) Watch(op client.Accepted) (end func(status string) client.Monitor) {
	ctx, cancel := context.WithTimeout(s.tb.Context(), waitLimit)
	type outcome struct {
		last client.Monitor
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		defer cancel()
		last, err := s.client.Watch(ctx, op.OperationLocation, watchPace)
		done <- outcome{last, err}
	}()
	return func(status string) client.Monitor {
		s.tb.Helper()
		o := <-done
		if o.err != nil {
			s.tb.Fatal(o.err)
		}
		if o.last.Status != status {
			s.tb.Fatalf("operation %s ended as %s, not %s: %+v", op.ID, o.last.Status, status, o.last.Error)
		}
		return o.last
	}
}

// TaskStatus reads the operation in the tools dialect.
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

// Number runs a query for one integer.
func (s *Stack) Number(sql string, args ...any) int {
	s.tb.Helper()
	var n int
	if err := s.db.QueryRow(s.tb.Context(), sql, args...).Scan(&n); err != nil {
		s.tb.Fatalf("running %s: %v", sql, err)
	}
	return n
}

// WaitForSQL waits until a query answers true.
func (s *Stack) WaitForSQL(limit time.Duration, what, sql string, args ...any) {
	s.tb.Helper()
	await.Until(s.tb, limit, what, func() bool {
		var holds bool
		if err := s.db.QueryRow(s.tb.Context(), sql, args...).Scan(&holds); err != nil {
			s.tb.Fatalf("running %s: %v", sql, err)
		}
		return holds
	})
}
