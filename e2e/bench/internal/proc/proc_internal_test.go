package proc

import (
	"testing"
	"time"
)

func TestParseMemory(t *testing.T) {
	t.Parallel()
	status := "Name:\timporter\nVmPeak:\t 1900000 kB\nVmHWM:\t   40000 kB\nVmRSS:\t   21504 kB\nRssAnon:\t    9000 kB\n"
	got, err := parseMemory([]byte(status))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Memory{Resident: 21504 << 10, Peak: 40000 << 10}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestParseMemoryOfAnEndedProcess(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"Name:\timporter\nState:\tZ (zombie)\n", "VmHWM:\t40000 kB\nVmRSS:\tmany kB\n"} {
		if got, err := parseMemory([]byte(status)); err == nil {
			t.Errorf("%q was read as %+v", status, got)
		}
	}
}

func TestParseCPU(t *testing.T) {
	t.Parallel()
	const after = " S 1 4242 4242 0 -1 4194560 1234 0 0 0 250 50 0 0 20 0 9 0 100 1900000 5000"
	for _, name := range []string{"(importer)", "(a b) c)", "()"} {
		got, err := parseCPU([]byte("4242 " + name + after))
		if err != nil {
			t.Fatal(err)
		}
		if want := 3 * time.Second; got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	for _, stat := range []string{"", "4242 (importer", "4242 (importer) S 1 2"} {
		if got, err := parseCPU([]byte(stat)); err == nil {
			t.Errorf("%q was read as %v", stat, got)
		}
	}
}
