package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// TestOpenChecksRoles: a service does not start with a role of callers that it cannot take, and the error
// says what to do.
func TestOpenChecksRoles(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const foreign = "longshore_test_reader" // which the worker is no member of
	for name, tt := range map[string]struct {
		roles []string
		want  string
	}{
		"none":    {nil, ""},
		"allowed": {[]string{storetest.CallerRole}, ""},
		"missing": {[]string{storetest.CallerRole, "no Such"}, `the role "no Such", which does not exist in the database: remove it, or create it and execute GRANT "no Such" TO`},
		"foreign": {[]string{foreign}, `the role "` + foreign + `", which the database role longshore_test_worker may not take: execute GRANT`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(t.Context(), storetest.As(t, f.url, grants.Worker), store.Options{Role: grants.Worker, MaxConns: 1, Roles: tt.roles})
			if err == nil {
				defer s.Close()
			}
			if _, ok := errors.AsType[*store.RoleError](err); ok != (tt.want != "") {
				t.Fatalf("Open() = %v, want a RoleError: %t", err, tt.want != "")
			}
			if err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Open() = %v, want %q in it", err, tt.want)
			}
		})
	}
}
