package report_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/report"
)

func TestFormats(t *testing.T) {
	t.Parallel()
	for _, s := range report.Subjects() {
		if len(s.Formats()) == 0 {
			t.Errorf("Formats() of %s is empty", s)
		}
	}
	for _, f := range report.Formats() {
		if f.MediaType() == "" {
			t.Errorf("MediaType() of %s is empty", f)
		}
	}
}

// TestParseStoredRequest parses a request again in the form in which the api stores it.
func TestParseStoredRequest(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, `{"report":"imports","format":"html"}`,
		`{"report":"import","operation":"01a201ca-08ae-76bd-94da-dcd44d595976"}`,
		`{"report":"records","collection":"tools","query":"a \"b\"","filter":{"x":[1,{"y":null}]},"format":"parquet"}`,
	} {
		want, err := report.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		stored, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := report.Parse(stored)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("Parse(%s) = error %v (-want +got):\n%s", stored, err, diff)
		}
	}
}

func TestRequestSearch(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"report":"records","collection":"tools"}`:                              `{}`,
		`{"report":"records","collection":"tools","query":"a","filter":{"b":1}}`: `{"query":"a","filter":{"b":1}}`,
	} {
		request, err := report.Parse([]byte(text))
		if err != nil || string(request.Search()) != want {
			t.Errorf("Search() of %s = %s, %v, want %s, nil", text, request.Search(), err, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for text, kind := range map[string]fault.Kind{
		`{`: fault.Malformed, `{} {}`: fault.Malformed, `{"report":"imports","report":"imports"}`: fault.Malformed,
		`null7`: fault.Malformed, `"text"`: fault.Invalid, `{"Report":"imports"}`: fault.Invalid, `{"report":"Imports"}`: fault.Invalid,
		`{"report":"import","operation":"00000000-0000-0000-0000-000000000000"}`: fault.Invalid,
	} {
		if _, err := report.Parse([]byte(text)); !fault.Is(err, kind) {
			t.Errorf("Parse(%s) = %v, want a fault of kind %v", text, err, kind)
		}
	}
}

func TestFileName(t *testing.T) {
	t.Parallel()
	if name := report.FileName(555, report.PDF); name != "report-555.pdf" {
		t.Errorf("FileName() = %s, want report-555.pdf (seed 004)", name)
	}
	for _, f := range report.Formats() {
		if n, got, ok := report.ParseFileName(report.FileName(1<<40, f)); n != 1<<40 || got != f || !ok {
			t.Errorf("ParseFileName() of format %s = %d, %s, %v", f, n, got, ok)
		}
	}
	for _, name := range []string{
		"", "report-1.exe", "report-0.pdf", "report--1.pdf", "report-1.PDF", "report-1.pdf/", "xreport-1.pdf",
		"report-99999999999999999999.pdf",
	} {
		if _, _, ok := report.ParseFileName(name); ok {
			t.Errorf("ParseFileName(%q) succeeded, want false", name)
		}
	}
}

func TestParseFile(t *testing.T) {
	t.Parallel()
	if file, err := report.ParseFile(nil); file != nil || err != nil {
		t.Errorf("ParseFile(nil) = %+v, %v, want nil, nil", file, err)
	}
	if _, err := report.ParseFile([]byte(`7`)); err == nil {
		t.Error("ParseFile(7) = nil error, want an error")
	}
}
