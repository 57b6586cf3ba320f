package spreadsheet_test

import (
	"testing"

	"github.com/longshore-io/longshore/pkg/spreadsheet"
)

func TestFormulasAreTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx",
		"": "", "a=1": "a=1", " =1": " =1", "'x": "'x", "ü": "ü",
	} {
		if got := spreadsheet.Harmless(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
