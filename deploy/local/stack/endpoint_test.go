package stack

import "testing"

func TestConnectAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		":8080":          "127.0.0.1:8080",
		"0.0.0.0:8080":   "127.0.0.1:8080",
		"[::]:8080":      "127.0.0.1:8080",
		"localhost:8080": "localhost:8080",
		"[::1]:8080":     "[::1]:8080",
	} {
		if got := connectAddress(address); got != want {
			t.Errorf("connectAddress(%q) = %q, want %q", address, got, want)
		}
	}
}
