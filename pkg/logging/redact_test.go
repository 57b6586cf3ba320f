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

// TestRedact checks both formats and wrapped errors.
func TestRedact(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		code, message, want string
	}{
		"data exception": {
			"22007", `invalid input syntax for type date: "hush"`,
			"reading: ERROR: (message omitted: it may quote data) (SQLSTATE 22007), in short (message omitted: it may quote data)",
		},
		"message of a trigger": {
			"P0001", "hush",
			"reading: ERROR: (message omitted: it may quote data) (SQLSTATE P0001), in short (message omitted: it may quote data)",
		},
		"other error": {"42P01", `relation "tools" does not exist`, `relation "tools" does not exist (SQLSTATE 42P01)`},
		"no message":  {"22000", "", "(message omitted: it may quote data)"},
	} {
		for _, format := range []string{"json", "text"} {
			t.Run(name+" as "+format, func(t *testing.T) {
				t.Parallel()
				var out bytes.Buffer
				log, err := New(&out, "example", map[string]string{logFormat: format})
				if err != nil {
					t.Fatal(err)
				}
				cause := &pgconn.PgError{Severity: "ERROR", Code: tt.code, Message: tt.message}
				log.Error("broken", slog.Any("error", fmt.Errorf("reading: %w, in short %s", cause, tt.message)))
				got := strings.ReplaceAll(out.String(), `\"`, `"`)
				if strings.Contains(got, "hush") || !strings.Contains(got, tt.want) {
					t.Errorf("log = %s, want it to contain %q and no data", got, tt.want)
				}
			})
		}
	}
}

func TestRedactJoinedErrors(t *testing.T) {
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
	if got := out.String(); strings.Contains(got, "hush") || !strings.Contains(got, "no such table") || !strings.Contains(got, "22P02") {
		t.Errorf("log = %s, want the other error and the code without data", got)
	}
}
