package format_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/report"
)

// readCSV parses a file.
func readCSV(t *testing.T, file []byte) [][]string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestCSV(t *testing.T) {
	t.Parallel()
	out, _ := write(t, report.CSV, samples...)
	want := [][]string{
		{"id", "count", "price", "sold", "tags", "sizes", "extra", "any"},
		{"a", "7", "-1.5", "true", `["x","y, \"z\""]`, "[1,2]", `{"k":[1]}`, "text"},
		{"'=1+1", "", "", "false", "[]", "", "", ""},
		{"line\nbreak ü 😀 <&>", "", "3", "", "", "", "", `{"deep":null}`},
	}
	if diff := cmp.Diff(want, readCSV(t, out)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestCSVEscapesFormulas(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`"=cmd|' /C calc'!A0"`: "'=cmd|' /C calc'!A0", `"+1"`: "'+1", `"-1"`: "'-1", `"@x"`: "'@x", `"\tx"`: "'\tx", `"\rx"`: "'\rx",
		`"a=1"`: "a=1", `""`: "", `-1`: "-1", `"'x"`: "'x",
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			out, _ := write(t, report.CSV, `{"any":`+value+`}`)
			if got := readCSV(t, out)[1][7]; got != want {
				t.Errorf("cell = %q, want %q", got, want)
			}
		})
	}
}

func TestCSVWithoutRecords(t *testing.T) {
	t.Parallel()
	out, _ := write(t, report.CSV)
	if got, want := string(out), "id,count,price,sold,tags,sizes,extra,any\n"; got != want {
		t.Errorf("file = %q, want %q", got, want)
	}
}

func TestNDJSON(t *testing.T) {
	t.Parallel()
	out, _ := write(t, report.NDJSON, samples...)
	if diff := cmp.Diff(strings.Join(samples, "\n")+"\n", string(out)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	if out, _ := write(t, report.NDJSON); len(out) != 0 {
		t.Errorf("file without records = %q, want it empty", out)
	}
}
