package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/config"
	api "github.com/longshore-io/longshore/services/api/internal/config"
)

// FuzzLoad loads configurations with any value in one variable. Each problem is one line, and no
// problem contains the password of an address.
func FuzzLoad(f *testing.F) {
	variables := []string{
		"LONGSHORE_ADDR", "LONGSHORE_ADMIN_ADDR", "LONGSHORE_PUBLIC_URL", "LONGSHORE_CONSOLE_URL", "LONGSHORE_CHUNK_BYTES", "LONGSHORE_LANES",
		"LONGSHORE_MAX_WAIT", "LONGSHORE_UPLOAD_GRACE", "LONGSHORE_REDIS_PREFIX", "LONGSHORE_DB_POOLER", "LONGSHORE_DB_MAX_CONNS",
	}
	const secret = "p4ssw0rd"
	for i := range variables {
		f.Add(i, "http://a:"+secret+"@b", "")
		f.Add(i, "", "1\n2")
	}
	f.Fuzz(func(t *testing.T, i int, before, after string) {
		if i < 0 || i >= len(variables) {
			return
		}
		_, err := config.Load[api.Config](map[string]string{
			"DATABASE_URL": "postgres://x", "REDIS_URL": "redis://y", variables[i]: before + after,
		})
		var invalid *config.InvalidError
		if err != nil && !errors.As(err, &invalid) {
			t.Fatalf("Load() = %v, want an InvalidError", err)
		}
		if invalid == nil {
			return
		}
		for _, problem := range invalid.Problems {
			if problem == "" || strings.Contains(problem, "\n") {
				t.Errorf("%s=%q: problem %q, want one line", variables[i], before+after, problem)
			}
		}
	})
}
