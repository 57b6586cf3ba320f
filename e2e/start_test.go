package e2e_test

import (
	"strings"
	"testing"

	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// services are the programs of these tests that use the database.
var services = []string{"api", "importer", "janitor", "reporter", "searcher"}

// TestStartOnUnmigratedDatabase expects a service to refuse to start on an older schema and to name
// the command to run.
func TestStartOnUnmigratedDatabase(t *testing.T) {
	t.Parallel()
	database := storetest.NewEmptyDatabase(t)
	env := []string{"DATABASE_URL=" + database, "REDIS_URL=redis://127.0.0.1:1/0", "LONGSHORE_ADDR=127.0.0.1:0"}
	for _, service := range services {
		t.Run(service, func(t *testing.T) {
			output := stack.MustNotStart(t, service, env)
			expectContains(t, output, "schema version 0", "migrate command", "DATABASE_URL")
		})
	}
	t.Run("collections", func(t *testing.T) {
		output := stack.MustNotStart(t, "api", env[:1], "collections", "apply", t.TempDir())
		expectContains(t, output, "schema version 0", "migrate command")
	})
	t.Run("migrate", func(t *testing.T) {
		expectContains(t, stack.Run(t, "migrate", env), "applied 0001_operations.sql", "schema is at version")
		expectContains(t, stack.Run(t, "migrate", env), "schema is at version")
	})
	t.Run("after_migrate", func(t *testing.T) {
		output := stack.MustNotStart(t, "api", append(env, "LONGSHORE_COLLECTIONS="+collectionFolder(t, "spoons", "{\n\"x-longshore\": 7}")))
		expectContains(t, output, "spoons.json", "line 2")
	})
}

// TestStartConfigurationErrors expects all errors of a configuration in one message.
func TestStartConfigurationErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, service string
		env           []string
		want          []string
	}{
		{"nothing_api", "api", nil, []string{"DATABASE_URL", "REDIS_URL"}},
		{"nothing_importer", "importer", nil, []string{"DATABASE_URL", "REDIS_URL"}},
		{"nothing_janitor", "janitor", nil, []string{"DATABASE_URL", "REDIS_URL"}},
		{"nothing_migrate", "migrate", nil, []string{"DATABASE_URL"}},
		{
			"numbers", "api",
			[]string{"LONGSHORE_CHUNK_RECORDS=many", "LONGSHORE_UPLOAD_GRACE=soon"},
			[]string{"DATABASE_URL", "REDIS_URL", "many", "soon"},
		},
		{
			"rules_api", "api",
			[]string{
				"DATABASE_URL=postgres://127.0.0.1:1/x", "REDIS_URL=redis://127.0.0.1:1/0", "LONGSHORE_CHUNK_RECORDS=0",
				"LONGSHORE_LANES=-1", "LONGSHORE_PUBLIC_URL=example.com",
			},
			[]string{"LONGSHORE_CHUNK_RECORDS", "LONGSHORE_LANES", "LONGSHORE_PUBLIC_URL"},
		},
		{
			"rules_janitor", "janitor",
			[]string{
				"DATABASE_URL=postgres://127.0.0.1:1/x", "REDIS_URL=redis://127.0.0.1:1/0", "LONGSHORE_DISPATCH_EVERY=0s",
				"LONGSHORE_ABANDONED_AFTER=1s",
			},
			[]string{"LONGSHORE_DISPATCH_EVERY", "LONGSHORE_ABANDONED_AFTER"},
		},
		{
			"no_database", "api",
			[]string{"DATABASE_URL=postgres://127.0.0.1:1/x", "REDIS_URL=redis://127.0.0.1:1/0"},
			[]string{"Postgres"},
		},
		{"log_format", "api", []string{"LONGSHORE_LOG_FORMAT=prose"}, []string{"LONGSHORE_LOG_FORMAT", "prose"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			expectContains(t, stack.MustNotStart(t, test.service, test.env), test.want...)
		})
	}
}

// TestStartHidesPasswords expects no password of an address in the output.
func TestStartHidesPasswords(t *testing.T) {
	t.Parallel()
	const password = "hush-hush-hush"
	for _, service := range services {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			output := stack.MustNotStart(t, service, []string{
				"DATABASE_URL=postgres://longshore:" + password + "@127.0.0.1:1/x", "REDIS_URL=redis://:" + password + "@127.0.0.1:1/0",
			})
			if strings.Contains(output, password) {
				t.Errorf("output = %s, want no password", output)
			}
		})
	}
}

func expectContains(t *testing.T, output string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(output, part) {
			t.Errorf("output does not contain %q: %s", part, output)
		}
	}
}
