package format_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/report"
)

func TestCSVHoldsWhatTheImportReads(t *testing.T) {
	t.Parallel()
	out, _ := write(t, report.CSV, samples...)
	rows, err := csv.NewReader(strings.NewReader(string(out))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"id", "count", "price", "sold", "tags", "sizes", "extra", "any"},
		{"a", "7", "-1.5", "true", `["x","y, \"z\""]`, "[1,2]", `{"k":[1]}`, "text"},
		{"'=1+1", "", "", "false", "[]", "", "", ""},
		{"line\nbreak ü 😀 <&>", "", "3", "", "", "", "", `{"deep":null}`},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestCSVMakesFormulasHarmlessAndLeavesNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`"=cmd|' /C calc'!A0"`: "'=cmd|' /C calc'!A0", `"+1"`: "'+1", `"-1"`: "'-1", `"@x"`: "'@x", `"\tx"`: "'\tx", `"\rx"`: "'\rx",
		`"a=1"`: "a=1", `""`: "", `-1`: "-1", `"'x"`: "'x",
	} {
		out, _ := write(t, report.CSV, `{"any":`+text+`}`)
		rows, err := csv.NewReader(strings.NewReader(string(out))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if got := rows[1][7]; got != want {
			t.Errorf("%s became %q, want %q", text, got, want)
		}
	}
}

func TestNDJSONHoldsTheRecordsAsTheyAre(t *testing.T) {
	t.Parallel()
	out, _ := write(t, report.NDJSON, samples...)
	if diff := cmp.Diff(strings.Join(samples, "\n")+"\n", string(out)); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestNoRecordsMakeAFileToo(t *testing.T) {
	t.Parallel()
	out, _ := write(t, report.CSV)
	if string(out) != "id,count,price,sold,tags,sizes,extra,any\n" {
		t.Errorf("CSV without records: %q", out)
	}
	if out, _ := write(t, report.NDJSON); len(out) != 0 {
		t.Errorf("NDJSON without records: %q", out)
	}
}
