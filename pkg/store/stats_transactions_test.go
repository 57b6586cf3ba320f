package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// TestOldestTransactions: a transaction that has written, or that has a snapshot, has an age; one
// that only began has none.
func TestOldestTransactions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, statement string
		holds           bool
	}{
		{"began", "SELECT", false},
		{"wrote", "SELECT pg_current_xact_id()", true},
		{"reads one moment", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			other := storetest.Connect(t, f.url+"&application_name="+store.ReporterSessions)
			for _, statement := range []string{"BEGIN", tt.statement, "SELECT pg_sleep(0.1)"} {
				if _, err := other.Exec(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			t.Cleanup(func() { _, _ = other.Exec(context.Background(), "ROLLBACK") })
			ages, err := f.store.OldestTransactions(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			age, found := ages[store.ReporterSessions]
			if !found || tt.holds != (age >= 100*time.Millisecond) {
				t.Errorf("OldestTransactions() = %v, want an age of the %s: %t", ages, store.ReporterSessions, tt.holds)
			}
		})
	}
}
