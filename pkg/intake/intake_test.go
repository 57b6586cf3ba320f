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

// small are limits that small bodies can exceed.
var small = intake.Limits{Body: 4 << 20, Record: 200, Records: 5, Depth: 3, Ratio: 200}

// things has a member of every type.
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
		"note": {"type": ["string", "object"]},
		"lot": {"anyOf": [{"$ref": "#/$defs/lot"}, {"type": "null"}]},
		"paid": {"oneOf": [{"type": "null"}, {"const": true}, {"enum": [false]}]},
		"due": {"type": ["string", "null"], "format": "date"},
		"any": {}
	},
	"$defs": {"lot": {"type": "integer"}}
}`

func thingsCollection(tb testing.TB) *collection.Collection {
	tb.Helper()
	c, err := collection.Parse("things", []byte(things))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func newBody(r io.Reader, limits intake.Limits) *intake.Body {
	return intake.NewBody(r, limits.Body, nil)
}

// readAll returns all records of a body and the error after the last one, usually io.EOF.
func readAll(tb testing.TB, body io.Reader, media intake.Media, limits intake.Limits) ([]string, error) {
	tb.Helper()
	r, err := intake.Open(newBody(body, limits), media, thingsCollection(tb), limits)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var records []string
	for {
		record, err := r.Next()
		if err != nil {
			if _, again := r.Next(); !errors.Is(again, err) {
				tb.Errorf("second Next() after an error = %v, want %v", again, err)
			}
			return records, err
		}
		records = append(records, string(record))
	}
}

// problem is the part of a fault that a client receives, without its message.
type problem struct {
	Kind    fault.Kind
	Code    string
	Details map[string]any
}

func at(kind fault.Kind, code string, line int, column, offset int64) *problem {
	return &problem{kind, code, map[string]any{"line": line, "column": column, "offset": offset}}
}

// in adds the row.
func (p *problem) in(row int) *problem { return p.with("row", row) }

func (p *problem) with(name string, value any) *problem {
	if p.Details == nil {
		p.Details = map[string]any{}
	}
	p.Details[name] = value
	return p
}

// bodyTest is a body and the expected records and problem, for every reader.
type bodyTest struct {
	name    string
	body    string
	records []string
	problem *problem // nil: the body is valid
}

func (test bodyTest) run(t *testing.T, media intake.Media, limits intake.Limits) {
	t.Helper()
	for name, body := range readers(test.body) {
		records, err := readAll(t, body, media, limits)
		if diff := cmp.Diff(test.records, records); diff != "" {
			t.Errorf("reader %s: records (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(test.problem, problemOf(t, err)); diff != "" {
			t.Errorf("reader %s: problem (-want +got):\n%s\n%v", name, diff, err)
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
		tb.Fatalf("error = %v, want a fault", err)
	}
	if f.Message == "" || !strings.HasSuffix(f.Message, ".") {
		tb.Errorf("message of %s = %q, want a sentence", f.Code, f.Message)
	}
	return &problem{f.Kind, f.Code, f.Details}
}

func media(tb testing.TB, contentType string, coding ...string) intake.Media {
	tb.Helper()
	m, err := intake.Negotiate(contentType, coding, intake.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return m
}
