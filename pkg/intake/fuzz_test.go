package intake_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/intake"
	recordpkg "github.com/longshore-io/longshore/pkg/record"
	"github.com/longshore-io/longshore/pkg/report"
)

// wide are limits that the fuzzed bodies do not reach.
var wide = intake.Limits{Body: 1 << 20, Record: 1 << 19, Records: 1 << 19, Depth: 100, Ratio: 200}

// FuzzJSON compares the reader with the standard library, which reads the body as a whole.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"data":[{"id":"1"},{"id":"2"}]}`, "[1,\n[2],{}]", `{"a":[{}],"data":[1],"b":null}`, `{"data":[1],"data":[2]}`, "[1] 2",
		"\ufeff[\"\\ud800\",1e9]", `[{"a":1,"a":2}`, " \n", "null", "[[[[[[]]]]]]", `{"d\u0061ta":["\xff"]}`, "[01]", `[1,]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		text := bytes.TrimPrefix(body, []byte("\ufeff"))
		want, valid := wholeJSON(text)
		if !valid && begins(text, "{\xff\xfe\x00") { // objects that are no array are read too
			_, _ = checkReaders(t, body, media(t, "application/json"))
			return
		}
		if got := checkBody(t, body, media(t, "application/json"), valid); got != nil && !slices.Equal(got, want) {
			t.Fatalf("records = %q, want %q", got, want)
		}
	})
}

// begins reports whether a text begins with one of the characters, after white space.
func begins(text []byte, characters string) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	return len(text) > 0 && strings.IndexByte(characters, text[0]) >= 0
}

// wholeJSON returns the records of a body, and whether it is valid.
func wholeJSON(body []byte) (records []string, valid bool) {
	if !json.Valid(body) {
		return nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	switch opening, _ := decoder.Token(); opening {
	case json.Delim('['):
		return elements(decoder), true
	case json.Delim('{'):
		found := 0
		for decoder.More() {
			name, _ := decoder.Token()
			var value json.RawMessage
			if err := decoder.Decode(&value); err != nil {
				return nil, false
			}
			if name == "data" {
				found++
				inner := json.NewDecoder(bytes.NewReader(value))
				if opening, _ := inner.Token(); opening != json.Delim('[') {
					return nil, false
				}
				records = elements(inner)
			}
		}
		return records, found == 1
	default:
		return nil, false
	}
}

func elements(decoder *json.Decoder) (records []string) {
	for decoder.More() {
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil
		}
		records = append(records, string(value))
	}
	return records
}

// FuzzNDJSON compares the reader with the standard library, line by line.
func FuzzNDJSON(f *testing.F) {
	for _, seed := range []string{
		"{\"a\":1}\n[2]\n3", "1\r\n\r\n 2 \n", "{}{}\n", "\ufeff1\n", "1\n{\n}\n", "\"\xff\"\n\"\\ud800\"\n", "1\n[[", "\n\n", "1 \x00\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if begins(bytes.TrimPrefix(body, []byte("\ufeff")), "[{\xff\xfe\x00") { // they may be read as other formats
			_, _ = checkReaders(t, body, media(t, "application/x-ndjson"))
			return
		}
		var want []string
		valid := true
		for line := range bytes.SplitSeq(bytes.TrimPrefix(body, []byte("\ufeff")), []byte("\n")) {
			line = bytes.Trim(line, " \t\r")
			if len(line) == 0 {
				continue
			}
			if valid = json.Valid(line); !valid {
				break
			}
			want = append(want, string(line))
		}
		if got := checkBody(t, body, media(t, "application/x-ndjson"), valid); got != nil && !slices.Equal(got, want) {
			t.Fatalf("records = %q, want %q", got, want)
		}
	})
}

// FuzzCSV compares the reader with the standard library and checks that no cell is lost.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		"'=id,'+\n'=1,'@\n''=1,'a\n", "id,x\na,1\nb,\"2\n3\"\n", "id;y\r\n\"a;b\";\r\n", "\ufeffid\tz\n1\t2\t3\n\n4\n", "id\n\"a", "id,id\n", "\n\nx\n\x00\n\xff",
		"a|b\n1|2", "id,x\n\"\",\n,\"\"", "\"a\nb\"\nc\n", "a\r\n\"b\r\n\"\"\r\n\"\r\nc\r\n", "a,b\r1,2\r3,\"4\r5\"\r", "a, \"b\" ,c\n1,2 , \"3\"\n",
		"a,b\n1,2\r3,4\n5\r6,7\n", "sep=,\na,b,\n1,2,\n", "a,,b\n1,,2\n3,4,5\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m := media(t, "text/csv; charset=utf-8; delimiter=comma")
		if !isStandard(body) {
			_, _ = checkReaders(t, body, m)
			return
		}
		reader := csv.NewReader(bytes.NewReader(doubleReturns(bytes.TrimPrefix(body, []byte("\ufeff")))))
		reader.FieldsPerRecord = -1
		var rows [][]string
		var err error
		for err == nil {
			var row []string
			if row, err = reader.Read(); err == nil && (len(rows) == 0 || !isBlank(row)) {
				rows = append(rows, row)
			}
		}
		if len(rows) > 0 && slices.ContainsFunc(rows[0], func(name string) bool { return memberOf(name) == "" }) {
			_, _ = checkReaders(t, body, m) // columns without a name may be ignored
			return
		}
		if len(rows) == 0 || !isUsable(rows[0]) {
			checkBody(t, body, m, false)
			return
		}
		records := checkBody(t, body, m, errors.Is(err, io.EOF))
		if len(records) > 0 && len(records) != len(rows)-1 {
			t.Fatalf("got %d records, want %d", len(records), len(rows)-1)
		}
		for i, record := range records {
			checkRow(t, rows[0], rows[i+1], record)
		}
	})
}

// isStandard reports whether encoding/csv reads a body as we do: it has no blanks at quotes, no carriage return except
// before a newline, no quoted empty cell, and begins with a header row.
func isStandard(body []byte) bool {
	alone := bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))
	for _, odd := range []string{"\r", "\t", " ", "\"\"", "'", "\xff\xfe", "\xfe\xff", "sep=", "Sep=", "SEP=", "sEp=", "seP=", "\u00a0", "\ufeff\ufeff", "\u200b"} {
		if bytes.Contains(alone, []byte(odd)) {
			return false
		}
	}
	trimmed := bytes.TrimPrefix(body, []byte("\ufeff"))
	return len(trimmed) > 1 && trimmed[0] != 0 && trimmed[1] != 0 && bytes.IndexByte([]byte(",;|\r\n{["), trimmed[0]) < 0 && utf8.Valid(body) &&
		!bytes.HasPrefix(trimmed, []byte("PK")) && !bytes.HasPrefix(trimmed, []byte("<")) && isText(trimmed)
}

// isText reports whether the first bytes are letters or quotes, and so none of a file format.
func isText(body []byte) bool {
	first := body[0]
	return first == '"' || 'a' <= first && first <= 'z'
}

func isBlank(row []string) bool {
	for _, cell := range row {
		if cell != "" {
			return false
		}
	}
	return true
}

// doubleReturns doubles each carriage return before a newline within quotes, of which csv.Reader drops one.
func doubleReturns(body []byte) []byte {
	var doubled []byte
	quoted := false
	for i, c := range body {
		quoted = quoted != (c == '"')
		if c == '\n' && i > 0 && body[i-1] == '\r' && quoted {
			doubled = append(doubled, '\r')
		}
		doubled = append(doubled, c)
	}
	return doubled
}

func isUsable(header []string) bool {
	names := make(map[string]bool)
	for _, name := range header {
		if !utf8.ValidString(name) || strings.Contains(name, "\x00") {
			return false
		}
		names[memberOf(name)] = true
	}
	return len(names) == len(header)
}

// memberOf returns the name of the member that a column means.
func memberOf(name string) string { return report.UnescapeFormula(strings.TrimSpace(name)) }

// checkRow compares the cells with the record, as far as they are strings in valid UTF-8.
func checkRow(t *testing.T, header, row []string, record string) {
	t.Helper()
	if !json.Valid([]byte(record)) {
		t.Fatalf("row %q: record %q is not JSON", row, record)
	}
	if !utf8.ValidString(record) {
		return
	}
	if len(row) > len(header) {
		received, _, refused := recordpkg.Refused([]byte(record))
		var cells []string
		if err := json.Unmarshal(received, &cells); err != nil || !refused || !slices.Equal(cells, row) {
			t.Fatalf("row %q: record = %s, want an array of the cells", row, record)
		}
		return
	}
	row = append(row, make([]string, len(header)-len(row))...)
	var members map[string]any
	if err := json.Unmarshal([]byte(record), &members); err != nil {
		t.Fatalf("row %q: record = %s, want an object: %v", row, record, err)
	}
	for i, name := range header {
		value, present := members[memberOf(name)]
		if absent := row[i] == "" && value != ""; present == absent { // two quotes are an empty string
			t.Fatalf("row %q: record = %s: member %q present = %v", row, record, name, present)
		}
		if text, isText := value.(string); isText && text != row[i] && text != report.UnescapeFormula(row[i]) {
			t.Fatalf("row %q: record = %s: member %q = %q, want %q", row, record, name, text, row[i])
		}
	}
}

// checkBody reads a body with two readers, whose results must be equal, and checks the error. It
// returns the records if the body is valid.
func checkBody(t *testing.T, body []byte, m intake.Media, valid bool) []string {
	t.Helper()
	records, err := checkReaders(t, body, m)
	if errors.Is(err, io.EOF) {
		if !valid {
			t.Fatalf("body %q was accepted, want an error", body)
		}
		return records
	}
	f := fault.Of(err)
	switch f.Code {
	case "too-deep", "not-utf8", "unsupported-media-type", "not-records": // the standard library accepts these, or reports another error
		return nil
	case "no-records", "empty-body":
		if len(records) > 0 {
			t.Fatalf("error = %v after the records %q", err, records)
		}
		return nil
	}
	if valid || f.Kind != fault.Malformed && f.Kind != fault.Invalid {
		t.Fatalf("body %q: error = %v, want a fault of kind Malformed or Invalid for an invalid body only", body, err)
	}
	checkLocation(t, body, f)
	return nil
}

// checkReaders reads a body with two readers, whose results must be equal.
func checkReaders(t *testing.T, body []byte, m intake.Media) ([]string, error) {
	t.Helper()
	records, err := readAll(t, bytes.NewReader(body), m, wide)
	again, errAgain := readAll(t, iotest.OneByteReader(bytes.NewReader(body)), m, wide)
	if !slices.Equal(records, again) || err.Error() != errAgain.Error() {
		t.Fatalf("results differ by reader:\n%q %v\n%q %v", records, err, again, errAgain)
	}
	return records, err
}

// checkLocation compares line and column of a fault with its offset.
func checkLocation(t *testing.T, body []byte, f *fault.Fault) {
	t.Helper()
	offset, located := f.Details["offset"].(int64)
	if !located {
		return
	}
	if offset < 0 || offset > int64(len(body)) {
		t.Fatalf("offset = %d, want at most %d", offset, len(body))
	}
	before := bytes.TrimPrefix(body[:offset], []byte("\ufeff"))
	want := map[string]any{"line": 1 + bytes.Count(before, []byte("\n")), "column": int64(len(before) - bytes.LastIndexByte(before, '\n'))}
	got := map[string]any{"line": f.Details["line"], "column": f.Details["column"]}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("offset %d in %q (-want +got):\n%s", offset, body, diff)
	}
}
