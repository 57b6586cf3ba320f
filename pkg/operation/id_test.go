package operation_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
)

func TestParseID(t *testing.T) {
	t.Parallel()
	const canonical = "01a201ca-08ae-76bd-94da-dcd44d595976"
	for text, want := range map[string]bool{
		canonical: true, "01A201CA08AE76BD94DADCD44D595976": true, "{" + canonical + "}": true, "urn:uuid:" + canonical: true,
		"x" + canonical + "y": false, "(" + canonical + ")": false, "": false, canonical + " ": false, "01a201ca-08ae-76bd-94da-dcd44d59597g": false,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			id, err := operation.ParseID(text)
			if got := err == nil; got != want || got && id != uuid.MustParse(canonical) {
				t.Errorf("ParseID(%q) = %s, %v, want it parsed: %t", text, id, err, want)
			}
		})
	}
}
