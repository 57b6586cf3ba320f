package load_test

import (
	"bytes"
	"testing"

	"github.com/longshore-io/longshore/pkg/table/load"
)

// keysOf encodes keys of one byte each as WrittenKeys does.
func keysOf(s string) (keys []byte) {
	for _, key := range []byte(s) {
		keys = append(keys, 1, key)
	}
	return keys
}

func TestMergeKeys(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ x, y, want string }{
		"both empty":    {"", "", ""},
		"one empty":     {"ab", "", "ab"},
		"apart":         {"ab", "cd", "abcd"},
		"mixed":         {"ace", "bd", "abcde"},
		"with the same": {"abd", "bcd", "abcd"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, order := range [][2]string{{tt.x, tt.y}, {tt.y, tt.x}} {
				got, err := load.MergeKeys(keysOf(order[0]), keysOf(order[1]))
				if want := keysOf(tt.want); err != nil || !bytes.Equal(got, want) {
					t.Errorf("MergeKeys(%q) = %q, %v, want %q", order, got, err, want)
				}
			}
		})
	}
	if _, err := load.MergeKeys([]byte{5, 'a'}, keysOf("b")); err == nil {
		t.Error("MergeKeys() of damaged keys succeeded, want an error")
	}
}
