package postgres_test

import (
	"testing"

	"github.com/longshore-io/longshore/deploy/local/postgres"
)

// TestFollow: a standby has the data of its primary, accepts no changes, and accepts them once it is
// promoted.
func TestFollow(t *testing.T) {
	t.Parallel()
	primary, standby := start(t, postgres.Options{}), start(t, postgres.Options{})
	execute(t, primary, "CREATE TABLE copied AS SELECT 'yes' AS answer")
	if err := standby.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := standby.Follow(t.Context(), primary); err != nil {
		t.Fatal(err)
	}
	for sql, want := range map[string]string{"SELECT answer FROM copied": "yes", "SELECT pg_is_in_recovery()::text": "true"} {
		if got := query(t, standby, sql); got != want {
			t.Errorf("%s = %q on the standby, want %q", sql, got, want)
		}
	}
	execute(t, standby, "SELECT pg_promote()")
	execute(t, standby, "UPDATE copied SET answer = 'changed'")
	if got := query(t, primary, "SELECT answer FROM copied"); got != "yes" {
		t.Errorf("the old primary has the answer %q, want its own", got)
	}
}
