package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table"
)

// TestPublicReason: a reason says what is wrong and repeats nothing of the error of Postgres.
func TestPublicReason(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"does not exist": fmt.Errorf("describing: %w", table.ErrNotFound),
		"lacks a table":  &pgconn.PgError{Code: "42P01", Message: "secret"},
		"lacks":          &pgconn.PgError{Code: "42703", Message: "secret"},
		"a right":        &pgconn.PgError{Code: "42501", Message: "secret"},
		"time limit":     &pgconn.PgError{Code: "57014", Message: "secret"},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			if got := store.PublicReason(err); !strings.Contains(got, want) || strings.Contains(got, "secret") {
				t.Errorf("PublicReason(%v) = %q, want %q", err, got, want)
			}
		})
	}
	for _, err := range []error{errors.New("secret"), &pgconn.PgError{Code: "XX000", Message: "secret"}} {
		if got := store.PublicReason(err); got != "" {
			t.Errorf("PublicReason(%v) = %q, want nothing", err, got)
		}
	}
}
