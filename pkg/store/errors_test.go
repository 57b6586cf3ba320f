package store_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
)

// TestErrorsOfPostgres is the table of docs/operations.md: what an error of Postgres means for a
// client and for a worker.
func TestErrorsOfPostgres(t *testing.T) {
	t.Parallel()
	tests := []struct {
		sqlState  string
		code      string // of the client's answer; empty means a defect
		transient bool   // for a worker
	}{
		{"08006", "database-unavailable", true},
		{"08P01", "database-unavailable", true},
		{"22P02", "", false},
		{"23505", "", false},
		{"25006", "database-unavailable", true},
		{"25P02", "", false},
		{"25P03", "database-timeout", false},
		{"25P04", "database-timeout", false},
		{"26000", "database-misconfigured", true},
		{"42P05", "database-misconfigured", true},
		{"28000", "database-misconfigured", true},
		{"28P01", "database-misconfigured", true},
		{"3D000", "database-misconfigured", true},
		{"40001", "database-conflict", true},
		{"40P01", "database-conflict", true},
		{"42501", "database-misconfigured", false},
		{"42601", "", false},
		{"42P01", "database-misconfigured", false},
		{"53100", "database-full", true},
		{"53200", "database-overloaded", true},
		{"53300", "database-overloaded", true},
		{"55006", "database-timeout", true},
		{"55P03", "database-timeout", true},
		{"57014", "database-timeout", false},
		{"57P01", "database-unavailable", true},
		{"57P02", "database-unavailable", true},
		{"57P03", "database-unavailable", true},
		{"58030", "database-failed", true},
		{"XX000", "database-failed", false},
		{"XX001", "database-failed", false},
	}
	for _, test := range tests {
		t.Run(test.sqlState, func(t *testing.T) {
			t.Parallel()
			err := fmt.Errorf("reading: %w", &pgconn.PgError{Code: test.sqlState, Message: "secret"})
			wantAnswer(t, err, test.code)
			if got := store.IsTransient(err); got != test.transient {
				t.Errorf("IsTransient() = %v, want %v", got, test.transient)
			}
		})
	}
}

func TestErrorsOfConnections(t *testing.T) {
	t.Parallel()
	var network net.Error = &net.OpError{Op: "read", Err: errors.New("reset")}
	for name, test := range map[string]struct {
		err       error
		code      string
		transient bool
	}{
		"none":     {nil, "", false},
		"other":    {errors.New("a defect"), "", false},
		"network":  {network, "database-unavailable", true},
		"closed":   {errors.New("conn closed"), "database-unavailable", true},
		"deadline": {context.DeadlineExceeded, "database-timeout", true},
		"canceled": {context.Canceled, "database-unavailable", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantAnswer(t, test.err, test.code)
			if got := store.IsTransient(test.err); got != test.transient {
				t.Errorf("IsTransient() = %v, want %v", got, test.transient)
			}
		})
	}
}

// wantAnswer checks the fault of a client, which is always of kind Unavailable and says when to retry.
func wantAnswer(t *testing.T, err error, code string) {
	t.Helper()
	converted := store.ClientError(err)
	if code == "" {
		if converted != err { //nolint:errorlint // the very same error
			t.Errorf("ClientError() = %v, want the error itself", converted)
		}
		return
	}
	f := fault.Of(converted)
	if f.Code != code || f.Kind != fault.Unavailable {
		t.Errorf("ClientError() has the code %q and the kind %d, want %q and Unavailable", f.Code, f.Kind, code)
	}
	if f.Retry < time.Second {
		t.Errorf("ClientError().Retry = %s, want at least 1 s", f.Retry)
	}
}
