package grants_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/migrations/grants"
)

func TestStatements(t *testing.T) {
	t.Parallel()
	names := map[grants.Role]string{grants.API: `the "api"`, grants.Reader: ""}
	got := grants.Statements(names)
	if len(got) == 0 || got[0] != `GRANT USAGE ON SCHEMA xforce TO "the ""api"""` {
		t.Errorf("Statements(%v) = %q, want those of the api, the first one on the schema", names, got)
	}
	if i := slices.IndexFunc(got, func(s string) bool { return !strings.HasSuffix(s, ` TO "the ""api"""`) }); i >= 0 {
		t.Errorf("Statements(%v)[%d] = %q, want a statement for the api", names, i, got[i])
	}
	if got := grants.Statements(nil); len(got) > 0 {
		t.Errorf("Statements() of no names = %q, want none", got)
	}
}

func TestRights(t *testing.T) {
	t.Parallel()
	rights := grants.Rights(grants.API)
	for _, want := range []string{
		"USAGE ON SCHEMA xforce", "USAGE ON xforce.task_numbers", "DELETE ON xforce.tasks", "UPDATE (task_id) ON xforce.task_chunks",
		"SELECT (version) ON xforce.upload_pieces", "DELETE ON xforce.upload_pieces",
	} {
		if !slices.ContainsFunc(rights, func(r grants.Right) bool { return r.String() == want }) {
			t.Errorf("Rights(api) = %v, want %s among them", rights, want)
		}
	}
	for _, role := range grants.Roles() {
		if got, want := len(grants.Rights(role)), len(grants.Statements(map[grants.Role]string{role: "x"})); got < want {
			t.Errorf("%s has %d rights by %d statements, want at least as many", role, got, want)
		}
	}
}
