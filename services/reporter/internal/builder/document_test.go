package builder_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func wantContains(t *testing.T, page []byte, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(string(page), part) {
			t.Errorf("the page does not contain %s", part)
		}
	}
	if t.Failed() {
		t.Logf("page:\n%s", page)
	}
}

func TestImportDocument(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unlimited)
	op := f.finishedImport(t, 2_000)
	end, _ := f.finish(t, f.report(t, `{"report":"import","operation":%q,"format":"html"}`, op.ID))
	result, page := f.file(t, end)
	wantContains(t, page,
		op.ID.String(), op.Reference, "Succeeded", fmt.Sprintf("Import %d into tools", op.Number),
		`<td>Failed</td><td class="number">1,000</td><td class="number">50.0 %</td>`,
		`<tr><td>too-short</td><td>/features/*</td><td class="number">1,000</td><td class="number">2</td>`,
		`<tr><td>type</td><td>/tool_id</td><td class="number">1,000</td><td class="number">2</td><td>must be text &amp; nothing else</td><td>{&#34;tool_id&#34;:2,`,
		"2,000 reasons in 2 groups",
	)
	if result.Records != nil {
		t.Errorf("records of a document = %d, want none", *result.Records)
	}
}

func TestImportsDocument(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unlimited)
	end, _ := f.finish(t, f.report(t, `{"report":"imports","format":"pdf"}`))
	if _, content := f.file(t, end); !bytes.HasPrefix(content, []byte("%PDF-1.")) {
		t.Errorf("the file without imports begins with %q, want a PDF", content[:10])
	}
	first, second := f.finishedImport(t, 10), f.finishedImport(t, 20)
	end, _ = f.finish(t, f.report(t, `{"report":"imports","format":"html"}`))
	_, page := f.file(t, end)
	wantContains(t, page,
		"<dt>Imports</dt><dd>2</dd>", "<dt>Records total</dt><dd>30</dd>", "<dt>Records failed</dt><dd>15</dd>",
		fmt.Sprintf(`<td class="number">15</td><td class="number">2 of import %d</td>`, first.Number),
		fmt.Sprintf(`<tr><td class="number">%d</td><td>tools</td><td>Succeeded</td>`, second.Number),
	)
}
