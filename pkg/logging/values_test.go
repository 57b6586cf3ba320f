package logging

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestTheLogQuotesNoValues: neither for machines nor for people, whatever an error is wrapped in.
func TestTheLogQuotesNoValues(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		code, message, want string
	}{
		"a value":         {"22007", `invalid input syntax for type date: "hush"`, "reading: ERROR: (what it says may quote data) (SQLSTATE 22007), in short (what it says may quote data)"},
		"a trigger":       {"P0001", "hush", "reading: ERROR: (what it says may quote data) (SQLSTATE P0001), in short (what it says may quote data)"},
		"anything else":   {"42P01", `relation "tools" does not exist`, `relation "tools" does not exist (SQLSTATE 42P01)`},
		"nothing is said": {"22000", "", "(what it says may quote data)"},
	} {
		for _, format := range []string{"json", "text"} {
			var out bytes.Buffer
			log, err := New(&out, "example", map[string]string{logFormat: format})
			if err != nil {
				t.Fatal(err)
			}
			from := &pgconn.PgError{Severity: "ERROR", Code: tt.code, Message: tt.message}
			log.Error("broken", slog.Any("error", fmt.Errorf("reading: %w, in short %s", from, tt.message)))
			if said := strings.ReplaceAll(out.String(), `\"`, `"`); strings.Contains(said, "hush") || !strings.Contains(said, tt.want) {
				t.Errorf("%s in %s: %s", name, format, said)
			}
		}
	}
}

// TestTheLogQuotesNoValuesOfJoinedErrors: every one of them is looked at.
func TestTheLogQuotesNoValuesOfJoinedErrors(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, err := New(&out, "example", nil)
	if err != nil {
		t.Fatal(err)
	}
	plain := &pgconn.PgError{Severity: "ERROR", Code: "42P01", Message: "no such table"}
	one := &pgconn.PgError{Severity: "ERROR", Code: "22007", Message: "hush one"}
	two := &pgconn.PgError{Severity: "ERROR", Code: "22P02", Message: "hush two"}
	log.Error("broken", slog.Any("error", fmt.Errorf("loading: %w", errors.Join(plain, one, fmt.Errorf("then: %w", two)))))
	if said := out.String(); strings.Contains(said, "hush") || !strings.Contains(said, "no such table") || !strings.Contains(said, "22P02") {
		t.Error(said)
	}
}
