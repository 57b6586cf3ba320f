package builder_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// imported stores a finished import of records, of which every second one was rejected.
func (b bench) imported(t *testing.T, records int) *operation.Operation {
	t.Helper()
	upload, err := b.db.NewUpload(store.Draft{Reference: operation.NewReference(), Kind: operation.Import, Collection: "tools", Lanes: 1})
	if err != nil {
		t.Fatal(err)
	}
	packer := chunk.NewPacker(records, 1<<20)
	for n := range records {
		packer.Add(fmt.Appendf(nil, `{"tool_id":%d,"tool_name":"<b>"}`, n+1))
	}
	op, err := upload.Seal(t.Context(), packer.Cut())
	if err != nil {
		t.Fatal(err)
	}
	c := job.Chunk{OperationID: op.ID}
	if _, err := b.db.BeginAttempt(t.Context(), c, operation.Import); err != nil {
		t.Fatal(err)
	}
	_, err = b.db.RunStep(t.Context(), c, func(_ context.Context, s *store.Step) (store.Effect, error) {
		effect := store.Effect{Outcomes: make([]operation.Outcome, s.Rows)}
		for n := range effect.Outcomes {
			effect.Outcomes[n] = operation.Created
			if n%2 == 1 {
				effect.Outcomes[n] = operation.Rejected
				effect.Rejections = append(effect.Rejections, operation.Rejection{
					Row: n + 1, Received: fmt.Appendf(nil, `{"tool_id":%d,"tool_name":"<b>"}`, n+1),
					Reasons: []operation.Reason{
						{Pointer: "/tool_id", Code: "type", Message: "must be text & nothing else"},
						{Pointer: fmt.Sprintf("/features/%d", n), Code: "too-short", Message: "must not be empty"},
					},
				})
			}
		}
		return effect, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func TestAnImportsReportTellsWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	b := setup(t, plenty)
	op := b.imported(t, 2_000)
	made, _ := b.finish(t, b.accept(t, operation.Report, "tools", fmt.Sprintf(`{"report":"import","operation":%q,"format":"html"}`, op.ID)))
	told, content := b.file(t, made)
	page := string(content)
	for _, wanted := range []string{
		op.ID.String(), op.Reference, "Succeeded", fmt.Sprintf("Import %d into tools", op.Number),
		`<td>Failed</td><td class="number">1,000</td><td class="number">50.0 %</td>`,
		`<tr><td>too-short</td><td>/features/*</td><td class="number">1,000</td><td class="number">2</td>`,
		`<tr><td>type</td><td>/tool_id</td><td class="number">1,000</td><td class="number">2</td><td>must be text &amp; nothing else</td><td>{&#34;tool_id&#34;:2,`,
		"2,000 reasons in 2 groups",
	} {
		if !strings.Contains(page, wanted) {
			t.Errorf("the page does not have %s", wanted)
		}
	}
	if told.Records != nil {
		t.Errorf("a document tells of %d records", *told.Records)
	}
	if t.Failed() {
		t.Log(page)
	}
}

func TestTheReportOnTheLatestImportsIsAPDF(t *testing.T) {
	t.Parallel()
	b := setup(t, plenty)
	made, _ := b.finish(t, b.accept(t, operation.Report, "", `{"report":"imports","format":"pdf"}`))
	if _, content := b.file(t, made); !bytes.HasPrefix(content, []byte("%PDF-1.")) {
		t.Errorf("without imports it begins with %q", content[:10])
	}
	first, second := b.imported(t, 10), b.imported(t, 20)
	made, _ = b.finish(t, b.accept(t, operation.Report, "", `{"report":"imports","format":"html"}`))
	_, content := b.file(t, made)
	page := string(content)
	for _, wanted := range []string{
		"<dt>Imports</dt><dd>2</dd>", "<dt>Records total</dt><dd>30</dd>", "<dt>Records failed</dt><dd>15</dd>",
		fmt.Sprintf(`<td class="number">15</td><td class="number">2 of import %d</td>`, first.Number),
		fmt.Sprintf(`<tr><td class="number">%d</td><td>tools</td><td>Succeeded</td>`, second.Number),
	} {
		if !strings.Contains(page, wanted) {
			t.Errorf("the page does not have %s", wanted)
		}
	}
	if t.Failed() {
		t.Log(page)
	}
}
