package builder_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/pkg/store"
)

func TestExportWritesAllRecords(t *testing.T) {
	t.Parallel()
	const records = 9_000 // ten megabytes: several steps of collecting
	f := newFixture(t, unlimited)
	f.fill(t, records)
	magic := map[report.Format]string{report.CSV: "tool_id,tool_name,", report.NDJSON: `{"tool_id":"T00000001",`, report.XLSX: "PK\x03\x04", report.Parquet: "PAR1"}
	for _, format := range report.Records.Formats() {
		t.Run(string(format), func(t *testing.T) {
			op, steps := f.finish(t, f.report(t, `{"report":"records","collection":"tools","format":%q}`, format))
			result, content := f.file(t, op)
			if result.Records == nil || *result.Records != records {
				t.Errorf("records = %v, want %d", result.Records, records)
			}
			if want := report.FileName(op.Number, format); result.Name != want || result.MediaType != format.MediaType() {
				t.Errorf("file = %s, %s, want %s, %s", result.Name, result.MediaType, want, format.MediaType())
			}
			if steps < 4 {
				t.Errorf("steps = %d, want at least 4", steps)
			}
			if !bytes.HasPrefix(content, []byte(magic[format])) {
				t.Errorf("the file begins with %q, want %q", content[:30], magic[format])
			}
		})
	}
}

func TestExportAppliesFilter(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unlimited)
	f.fill(t, 100)
	op, _ := f.finish(t, f.report(t,
		`{"report":"records","collection":"tools","format":"csv","filter":{"category":"even","tool_id":{"gt":"T00000090"}}}`))
	_, content := f.file(t, op)
	rows, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
	if err != nil || len(rows) != 6 {
		t.Fatalf("rows = %d, %v, want 6", len(rows), err)
	}
	if got := rows[1][:2]; got[0] != "T00000092" || got[1] != "'=tool 92" {
		t.Errorf("first row = %q, want T00000092, '=tool 92", got)
	}
}

func TestExportOfEmptyTable(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unlimited)
	op, _ := f.finish(t, f.report(t, `{"report":"records","collection":"tools","format":"ndjson"}`))
	if result, content := f.file(t, op); *result.Records != 0 || len(content) != 0 {
		t.Errorf("records = %d, file %q, want none", *result.Records, content)
	}
}

func TestExportOfSearch(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unlimited)
	records := []string{`{"tool_id":"b"}`, `{"tool_id":"a"}`}
	search := f.finishedSearch(t, records...)
	op, _ := f.finish(t, f.report(t, `{"report":"search","operation":%q,"format":"ndjson"}`, search.ID))
	result, content := f.file(t, op)
	if *result.Records != 2 {
		t.Errorf("records = %d, want 2", *result.Records)
	}
	if want := strings.Join(records, "\n") + "\n"; string(content) != want {
		t.Errorf("file = %q, want %q", content, want)
	}
	f.wantBlocks(t, search, store.RowsStage, 2)
}

func TestExportOfDeletedSearch(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unlimited)
	search := f.finishedSearch(t, `{"tool_id":"b"}`)
	op := f.report(t, `{"report":"search","operation":%q,"format":"csv"}`, search.ID)
	if _, err := f.db.Prune(t.Context(), search.ID); err != nil {
		t.Fatal(err)
	}
	if end, _ := f.finish(t, op); end.State != operation.Failed || end.Failure.Code != "SearchGone" {
		t.Errorf("end = %s, %+v, want failed, SearchGone", end.State, end.Failure)
	}
}
