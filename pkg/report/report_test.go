package report_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/report"
)

func TestEverySubjectHasFormatsAndEveryFormatAMediaType(t *testing.T) {
	t.Parallel()
	for _, s := range report.Subjects() {
		if len(s.Formats()) == 0 {
			t.Errorf("%s has no format", s)
		}
	}
	for _, f := range report.Formats() {
		if f.MediaType() == "" {
			t.Errorf("%s has no media type", f)
		}
	}
}

// What the api accepts is what the reporter reads.
func TestARequestIsReadAgainAsItWasAccepted(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, `{"report":"imports","format":"html"}`,
		`{"report":"import","operation":"01a201ca-08ae-76bd-94da-dcd44d595976"}`,
		`{"report":"records","collection":"tools","query":"a \"b\"","filter":{"x":[1,{"y":null}]},"format":"parquet"}`,
	} {
		asked, err := report.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		accepted, err := json.Marshal(asked)
		if err != nil {
			t.Fatal(err)
		}
		again, err := report.Read(accepted)
		if diff := cmp.Diff(asked, again); diff != "" || err != nil {
			t.Errorf("%s: %v (-first +again):\n%s", text, err, diff)
		}
	}
}

func TestASearchGetsOnlyItsOwnMembers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"report":"records","collection":"tools"}`:                              `{}`,
		`{"report":"records","collection":"tools","query":"a","filter":{"b":1}}`: `{"query":"a","filter":{"b":1}}`,
	} {
		asked, err := report.Parse([]byte(text))
		if err != nil || string(asked.Search()) != want {
			t.Errorf("%s: %s, want %s (%v)", text, asked.Search(), want, err)
		}
	}
}

func TestWhatIsNoRequestIsAFault(t *testing.T) {
	t.Parallel()
	for text, kind := range map[string]fault.Kind{
		`{`: fault.Malformed, `{} {}`: fault.Malformed, `{"report":"imports","report":"imports"}`: fault.Malformed,
		`null7`: fault.Malformed, `"text"`: fault.Invalid, `{"Report":"imports"}`: fault.Invalid, `{"report":"Imports"}`: fault.Invalid,
		`{"report":"import","operation":"00000000-0000-0000-0000-000000000000"}`: fault.Invalid,
	} {
		if _, err := report.Parse([]byte(text)); !fault.Is(err, kind) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestFileNamesGoBothWays(t *testing.T) {
	t.Parallel()
	if name := report.FileName(555, report.PDF); name != "report-555.pdf" {
		t.Errorf("the file of seed 004 is called %s", name)
	}
	for _, f := range report.Formats() {
		if n, got, ok := report.ParseFileName(report.FileName(1<<40, f)); n != 1<<40 || got != f || !ok {
			t.Errorf("%s: %d, %s, %v", f, n, got, ok)
		}
	}
	for _, name := range []string{"", "report-1.exe", "report-0.pdf", "report--1.pdf", "report-1.PDF", "report-1.pdf/", "xreport-1.pdf", "report-99999999999999999999.pdf"} {
		if _, _, ok := report.ParseFileName(name); ok {
			t.Errorf("%q is read", name)
		}
	}
}

func TestAnUnfinishedReportHasNoFile(t *testing.T) {
	t.Parallel()
	if file, err := report.ReadFile(nil); file != nil || err != nil {
		t.Errorf("%+v, %v", file, err)
	}
	if _, err := report.ReadFile([]byte(`7`)); err == nil {
		t.Error("a number is read as a file")
	}
}
