package session_test

import (
	"net/url"
	"testing"

	"github.com/longshore-io/longshore/pkg/store/internal/session"
)

// TestSeveralHosts: an address with a dead host first leads to the one that accepts writes.
func TestSeveralHosts(t *testing.T) {
	t.Parallel()
	address, err := url.Parse(newDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	several := "postgres://" + address.User.String() + "@127.0.0.1:1," + address.Host + address.Path + "?sslmode=disable&target_session_attrs=read-write"
	pool := open(t, several, session.Options{})
	var recovering bool
	if err := pool.QueryRow(t.Context(), "SELECT pg_is_in_recovery()").Scan(&recovering); err != nil || recovering {
		t.Errorf("a statement = %v (%v), want an answer of a server that accepts writes", recovering, err)
	}
}
