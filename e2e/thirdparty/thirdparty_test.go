package thirdparty

import (
	"errors"
	"testing"
)

// judged is a test that notes how it was ended.
type judged struct {
	testing.TB

	end string
}

func (j *judged) Helper()      {}
func (j *judged) Fatal(...any) { j.note("failed") }
func (j *judged) Skip(...any)  { j.note("skipped") }

// note keeps the first end: this test goes on after it.
func (j *judged) note(end string) {
	if j.end == "" {
		j.end = end
	}
}

func TestWhatIsMissingSkipsElsewhere(t *testing.T) {
	t.Parallel()
	missing := errors.New("no xmllint on this machine")
	var elsewhere judged
	lack(&elsewhere, missing, false)
	if elsewhere.end != "skipped" {
		t.Errorf("on anybody's machine the test was %q", elsewhere.end)
	}
}

func TestWhatIsMissingFailsInCI(t *testing.T) {
	t.Setenv("CI", "true")
	var inCI judged
	must(&inCI, nil)
	if inCI.end != "" {
		t.Errorf("nothing is missing, and the test %s", inCI.end)
	}
	must(&inCI, errors.New("no xmllint on this machine"))
	if inCI.end != "failed" {
		t.Errorf("in CI the test was %q", inCI.end)
	}
}
