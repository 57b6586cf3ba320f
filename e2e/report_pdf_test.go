package e2e_test

import (
	"strings"
	"testing"

	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/thirdparty"
	"github.com/longshore-io/longshore/e2e/tool"
)

// TestReportPDFReadByPdftotext reads the PDF report of an import with pdftotext and expects its
// counts and the reasons of rejected records.
func TestReportPDFReadByPdftotext(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	bad := []tool.Tool{{ID: "BAD1", Name: "No category"}, {ID: "BAD2", Name: "Bad address", Category: "Finance", URL: "not a url"}}
	op := s.SubmitJSON(tool.JSON(append(numberedTools(123), bad...)...))
	s.WaitFor(op, "Succeeded")
	reasons := s.Records(op, "failed")
	file := fetchReport(t, s, map[string]string{"report": "import", "operation": op.ID, "format": "pdf"})
	text := strings.Join(strings.Fields(string(thirdparty.Run(t, nil, "pdftotext", "-layout", "-enc", "UTF-8", file, "-"))), " ")
	for _, want := range []string{op.ID, "Collection tools", "Created 123 ", "Failed 2 ", "Total 125 "} {
		if !strings.Contains(text, want) {
			t.Errorf("report does not contain %q:\n%s", want, text)
		}
	}
	for _, r := range reasons {
		for _, reason := range r.Reasons {
			if !strings.Contains(text, reason.Code) {
				t.Errorf("report does not contain %q, a reason of row %d:\n%s", reason.Code, r.Row, text)
			}
		}
	}
}
