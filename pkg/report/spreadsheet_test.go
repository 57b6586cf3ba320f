package report_test

import (
	"testing"

	"github.com/longshore-io/longshore/pkg/report"
)

func TestEscapeFormula(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx",
		"\n=1": "'\n=1", "＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠x": "'＠x", "'=1": "''=1", "''=1": "'''=1",
		"": "", "a=1": "a=1", " =1": " =1", "'x": "'x", "''": "''", "ü": "ü", "\xff=": "\xff=",
	} {
		if got := report.EscapeFormula(text); got != want {
			t.Errorf("EscapeFormula(%q) = %q, want %q", text, got, want)
		}
		if got := report.UnescapeFormula(want); got != text {
			t.Errorf("UnescapeFormula(%q) = %q, want %q", want, got, text)
		}
	}
}
