package queue

import (
	"strings"
	"testing"
)

// FuzzParseAddress parses addresses of Redis with a password. No error contains the password, except
// as the name of an unknown parameter.
func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{
		"redis://u:SECRET@host:6379/0", "rediss-sentinel://u:SECRET@a:1,b/name?db=2&sentinel_password=SECRET", "redis-cluster://:SECRET@a,b", "unix://u:SECRET@/run/redis.sock?db=1",
		"redis://u:SECRET#@host", "redis://[::1%25SECRET]:1/0", "redis://SECRET", "redis://host:SECRET", "redis://h/0?max_retries=SECRET",
	} {
		before, after, _ := strings.Cut(seed, "SECRET")
		f.Add(before, after)
	}
	const secret = "p4ssw0rd"
	f.Fuzz(func(t *testing.T, before, after string) {
		if _, err := parseAddress(before + secret + after); err != nil && strings.Contains(err.Error(), secret) &&
			!strings.Contains(err.Error(), unexpectedOption) {
			t.Errorf("parseAddress(%q) = %v, want an error without the password", before+secret+after, err)
		}
	})
}
