package intake_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/intake"
)

// small are limits that tests can reach.
var small = intake.Limits{Body: 4 << 20, Record: 200, Records: 5, Depth: 3, Ratio: 200}

// things has a member of every kind.
const things = `{
	"x-longshore": {"table": "things", "key": ["id"]},
	"type": "object",
	"properties": {
		"id": {"type": "string"},
		"size": {"type": "integer"},
		"price": {"type": ["number", "null"]},
		"sold": {"type": "boolean"},
		"tags": {"type": "array", "items": {"type": "string"}},
		"counts": {"type": "array", "items": {"type": "integer"}},
		"extra": {"type": "object"},
		"either": {"type": ["integer", "boolean", "array", "object"]},
		"any": {}
	}
}`

func thingsCollection(tb testing.TB) *collection.Collection {
	tb.Helper()
	c, err := collection.Parse("things", []byte(things))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// split reads all records of a body and the error that ended it, io.EOF for none.
func split(tb testing.TB, body io.Reader, media intake.Media, limits intake.Limits) ([]string, error) {
	tb.Helper()
	r, err := intake.Open(body, media, thingsCollection(tb), limits)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var records []string
	for {
		record, err := r.Next()
		if err != nil {
			if _, again := r.Next(); !errors.Is(again, err) {
				tb.Errorf("after the error %v a second call returned %v", err, again)
			}
			return records, err
		}
		records = append(records, string(record))
	}
}

// problem is what a client sees of a fault.
type problem struct {
	Kind    fault.Kind
	Code    string
	Details map[string]any
}

func at(kind fault.Kind, code string, line int, column, offset int64) *problem {
	return &problem{kind, code, map[string]any{"line": line, "column": column, "offset": offset}}
}

// in adds a row to the problem.
func (p *problem) in(row int) *problem { return p.with("row", row) }

func (p *problem) with(name string, value any) *problem {
	if p.Details == nil {
		p.Details = map[string]any{}
	}
	p.Details[name] = value
	return p
}

// bodyTest is a body and what becomes of it, however it is read.
type bodyTest struct {
	name    string
	body    string
	records []string
	problem *problem // none: the body is read to its end
}

func (test bodyTest) run(t *testing.T, media intake.Media, limits intake.Limits) {
	t.Helper()
	for name, body := range readings(test.body) {
		records, err := split(t, body, media, limits)
		if diff := cmp.Diff(test.records, records); diff != "" {
			t.Errorf("read by %s: records (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(test.problem, problemOf(t, err)); diff != "" {
			t.Errorf("read by %s: problem (-want +got):\n%s\n%v", name, diff, err)
		}
	}
}

func problemOf(tb testing.TB, err error) *problem {
	tb.Helper()
	if errors.Is(err, io.EOF) {
		return nil
	}
	var f *fault.Fault
	if !errors.As(err, &f) {
		tb.Fatalf("the error is not a fault: %v", err)
	}
	if f.Message == "" || !strings.HasSuffix(f.Message, ".") {
		tb.Errorf("the message of %s is no sentence: %q", f.Code, f.Message)
	}
	return &problem{f.Kind, f.Code, f.Details}
}

func media(tb testing.TB, contentType string, coding ...string) intake.Media {
	tb.Helper()
	m, err := intake.Negotiate(contentType, coding)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}
