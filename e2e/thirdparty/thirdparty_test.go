package thirdparty

import (
	"errors"
	"testing"
)

// recorder is a testing.TB that records how the test ended.
type recorder struct {
	testing.TB

	result string
}

func (r *recorder) Helper()      {}
func (r *recorder) Fatal(...any) { r.record("failed") }
func (r *recorder) Skip(...any)  { r.record("skipped") }

// record keeps the first result, because Fatal and Skip return here.
func (r *recorder) record(result string) {
	if r.result == "" {
		r.result = result
	}
}

func TestFailOrSkipSkipsWhenNotRequired(t *testing.T) {
	t.Parallel()
	var tb recorder
	failOrSkip(&tb, errors.New("no xmllint on this machine"), false)
	if tb.result != "skipped" {
		t.Errorf("result = %q, want skipped", tb.result)
	}
}

func TestRequireFailsInCI(t *testing.T) {
	t.Setenv("CI", "true")
	var tb recorder
	require(&tb, nil)
	if tb.result != "" {
		t.Errorf("result without an error = %q, want none", tb.result)
	}
	require(&tb, errors.New("no xmllint on this machine"))
	if tb.result != "failed" {
		t.Errorf("result in CI = %q, want failed", tb.result)
	}
}
