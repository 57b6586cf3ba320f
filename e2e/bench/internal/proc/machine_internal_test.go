package proc

import "testing"

func TestBusySince(t *testing.T) {
	t.Parallel()
	before, err := parseMachine([]byte("cpu  100 0 50 800 50 0 0 0 7 7\ncpu0 1 2 3 4 5 6 7 8\n"))
	if err != nil {
		t.Fatal(err)
	}
	after, err := parseMachine([]byte("cpu  120 0 55 860 60 3 2 0 9 9\n"))
	if err != nil {
		t.Fatal(err)
	}
	if busy := after.busySince(before); busy < 0.299 || busy > 0.301 {
		t.Errorf("the processors were busy for %.3f of the time, want 0.3", busy)
	}
	if busy := before.busySince(before); busy != 0 {
		t.Errorf("in no time the processors were busy for %v", busy)
	}
}

func TestParseMachineRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for _, stat := range []string{"", "cpu 1 2 3 4\n", "cpu0 1 2 3 4 5 6 7 8\n", "cpu 1 2 3 x 5 6 7 8\n"} {
		if m, err := parseMachine([]byte(stat)); err == nil {
			t.Errorf("%q was read as %+v", stat, m)
		}
	}
}
