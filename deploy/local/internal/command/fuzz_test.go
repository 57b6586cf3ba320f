package command

import "testing"

func TestOnlyOutOfTime(t *testing.T) {
	t.Parallel()
	const outOfTime = "fuzz: elapsed: 3s, execs: 9 (0/sec)\n--- FAIL: FuzzDecode (3.03s)\n    context deadline exceeded\nFAIL\n"
	for name, tt := range map[string]struct {
		output string
		want   bool
	}{
		"passed":      {"fuzz: elapsed: 2s\nPASS\n", false},
		"out of time": {outOfTime, true},
		"defect":      {"--- FAIL: FuzzLoad (1.78s)\n    --- FAIL: FuzzLoad (0.00s)\n        fuzz_test.go:40: wrong\nFAIL\n", false},
		"defect that says so": {
			"--- FAIL: FuzzLoad (1.78s)\n    --- FAIL: FuzzLoad (0.00s)\n        fuzz_test.go:40: context deadline exceeded\nFAIL\n", false,
		},
		"both": {outOfTime + "    Failing input written to testdata/fuzz/FuzzLoad/4\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := onlyOutOfTime(tt.output); got != tt.want {
				t.Errorf("onlyOutOfTime(%q) = %t, want %t", tt.output, got, tt.want)
			}
		})
	}
}
