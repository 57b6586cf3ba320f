package report_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/report"
)

// FuzzParse parses requests. One that was accepted is the same after it was stored and read again,
// as the reporter does.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		``, `{"report":"imports","format":"html"}`, `{"report":"import","operation":"01a201ca-08ae-76bd-94da-dcd44d595976"}`,
		`{"report":"records","collection":"tools","query":"a","filter":{"x":[1,{"y":null}]},"format":"parquet"}`, `{"operation":"x"}`, `{"report":"search","operation":"{01a201ca-08ae-76bd-94da-dcd44d595976}"}`,
		`{"report":"records","collection":"tools","filter":null}`, `{"report":"records","collection":"\u0000"}`, `null`, `[`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		want, err := report.Parse(text)
		if err != nil {
			if !fault.Is(err, fault.Malformed) && !fault.Is(err, fault.Invalid) {
				t.Errorf("Parse(%s) = %v, want a fault of kind Malformed or Invalid", text, err)
			}
			return
		}
		stored, err := json.Marshal(want)
		if err != nil {
			t.Fatalf("storing %s: %v", text, err)
		}
		got, err := report.Parse(stored)
		if err != nil {
			t.Fatalf("reading the stored request %s: %v", stored, err)
		}
		restored, err := json.Marshal(got)
		if diff := cmp.Diff(string(stored), string(restored)); err != nil || diff != "" {
			t.Errorf("request %s, stored once and twice (%v):\n%s", text, err, diff)
		}
		if !json.Valid(got.Search()) {
			t.Errorf("Search() of %s = %s, want JSON", text, got.Search())
		}
	})
}

// FuzzParseFileName checks that a file has one name.
func FuzzParseFileName(f *testing.F) {
	for _, seed := range []string{"report-1.pdf", "report-01.csv", "report-999999999999999999.xlsx", "report-1.pdf\n", "report-٣.pdf"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		number, format, ok := report.ParseFileName(name)
		if ok && report.FileName(number, format) != name {
			t.Errorf("ParseFileName(%q) = %d, %s, whose name is %s", name, number, format, report.FileName(number, format))
		}
	})
}

// FuzzEscapeFormula checks that an escaped text is no formula, also after a spreadsheet has removed
// space, and that UnescapeFormula is the inverse.
func FuzzEscapeFormula(f *testing.F) {
	for _, seed := range []string{"=1", "'=1", "''", "\n=1", "＝1", "'＝", "ordinary", "'", "-"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		escaped := report.EscapeFormula(text)
		if got := report.UnescapeFormula(escaped); got != text {
			t.Errorf("UnescapeFormula(%q) = %q, want %q", escaped, got, text)
		}
		if first, _ := utf8.DecodeRuneInString(escaped); strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) && first != utf8.RuneError {
			t.Errorf("EscapeFormula(%q) = %q, which begins like a formula", text, escaped)
		}
	})
}
