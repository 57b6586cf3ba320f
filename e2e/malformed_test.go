package e2e_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// smallLimits are limits that small bodies exceed.
var smallLimits = []string{
	"LONGSHORE_MAX_BODY_BYTES=4194304", "LONGSHORE_MAX_RECORD_BYTES=65536", "LONGSHORE_MAX_RECORDS=1000",
	"LONGSHORE_CHUNK_RECORDS=2",
}

// position is the place of an error in a body, as a problem reports it.
type position struct {
	line, column, row int
	offset            int64
}

// TestImportMalformedBody sends bodies with a broken structure. Each is rejected with a status, a
// code and a position, and leaves no rows, although chunks of two records were staged before the
// error.
func TestImportMalformedBody(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: smallLimits})
	for _, test := range brokenBodies(t) {
		t.Run(test.name, func(t *testing.T) {
			s := s.WithTB(t)
			resp, err := s.Client().Do(t.Context(), http.MethodPost, "/api/tools/import", test.body)
			if err != nil {
				t.Fatal(err)
			}
			expectPosition(t, expectProblem(t, resp, test.status, test.code), test.position)
		})
	}
	expectNoRows(t, s)
}

// expectPosition compares the position in a problem with the wanted one, if any.
func expectPosition(t *testing.T, p client.Problem, want *position) {
	t.Helper()
	if want == nil {
		return
	}
	got := position{line: p.Line, column: p.Column, row: p.Row}
	if p.Offset != nil {
		got.offset = *p.Offset
	}
	if got != *want {
		t.Errorf("error is at %+v, want %+v: %s", got, *want, p.Detail)
	}
}

type brokenBody struct {
	name     string
	body     client.RequestBody
	status   int
	code     string
	position *position // nil if not checked
}

// goodRecord is a valid record for bodies whose error comes later.
const goodRecord = `{"tool_id":"S1","tool_name":"One","category":"Travel"}`

func brokenBodies(t *testing.T) []brokenBody {
	t.Helper()
	many := strings.Repeat(goodRecord+",", 9)
	data := func(content string) client.RequestBody {
		return client.RequestBody{Type: "application/json", Content: []byte(content)}
	}
	lines := func(content string) client.RequestBody {
		return client.RequestBody{Type: "application/x-ndjson", Content: []byte(content)}
	}
	table := func(content string) client.RequestBody {
		return client.RequestBody{Type: "text/csv", Content: []byte(content)}
	}
	coded := func(encoding string, content []byte) client.RequestBody {
		return client.RequestBody{Type: "application/json", Encoding: encoding, Content: content}
	}
	packed := gzipped(t, tool.JSON(numberedTools(500)...))
	return []brokenBody{
		{"empty", data(""), 400, "empty-body", nil},
		{"only_space", data(" \n\t"), 400, "empty-body", nil},
		{"empty_ndjson", lines(""), 400, "empty-body", nil},
		{"empty_csv", table(""), 400, "empty-body", nil},
		{"empty_gzip", coded("gzip", gzipped(t, nil)), 400, "empty-body", nil},
		{"null", data("null"), 400, "malformed-json", &position{line: 1, column: 1}},
		{"text", data(`"records"`), 400, "malformed-json", &position{line: 1, column: 1}},
		{"other_object", data(`{"records":[` + goodRecord + `]}`), 400, "malformed-json", nil},
		{"data_no_array", data(`{"data":{}}`), 400, "malformed-json", &position{line: 1, column: 9, offset: 8}},
		{"data_twice", data(`{"data":[` + goodRecord + `],"data":[]}`), 400, "malformed-json", nil},
		{"no_rows", data("[]"), 422, "no-records", nil},
		{"no_rows_in_data", data(`{"data":[]}`), 422, "no-records", nil},
		{"no_lines", lines("\n\n"), 422, "no-records", nil},
		{"only_header", table("tool_id,tool_name\n"), 422, "no-records", nil},
		{"cut_in_array", data(`[` + many), 400, "malformed-json", nil},
		{"cut_in_record", data("[" + many + "\n" + goodRecord[:20]), 400, "malformed-json", nil},
		{
			"cut_in_line", lines(goodRecord + "\n" + goodRecord[:20]), 400, "malformed-json",
			&position{line: 2, column: 21, row: 2, offset: int64(len(goodRecord)) + 21},
		},
		{
			"trailing_data", data(`[` + goodRecord + `] {}`), 400, "malformed-json",
			&position{line: 1, column: len(goodRecord) + 4, offset: int64(len(goodRecord)) + 3},
		},
		{
			"two_values_in_a_line", lines(goodRecord + " " + goodRecord + "\n" + goodRecord), 400, "malformed-json",
			&position{line: 1, column: len(goodRecord) + 2, row: 1, offset: int64(len(goodRecord)) + 1},
		},
		{"trailing_comma", data(`[` + goodRecord + ",\n]"), 400, "malformed-json", nil},
		{
			"comment", data(`[` + goodRecord + "\n// that was one\n]"), 400, "malformed-json",
			&position{line: 2, column: 1, row: 2, offset: int64(len(goodRecord)) + 2},
		},
		{
			"not_a_number", data("[\n" + goodRecord + ",\n{\"tool_id\": NaN}]"), 400, "malformed-json",
			&position{line: 3, column: 13, row: 2, offset: int64(len(goodRecord)) + 16},
		},
		{"infinity", data(`[{"tool_id": Infinity}]`), 400, "malformed-json", nil},
		{"single_quotes", data(`[{'tool_id':'1'}]`), 400, "malformed-json", &position{line: 1, column: 3, row: 1, offset: 2}},
		{"utf_16", data("\xff\xfe[\x00]\x00"), 422, "no-records", nil},
		{"utf_16_without_mark", data("[\x00]\x00"), 400, "not-utf8", nil},
		{"too_deep", data(`[{"tool_id":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}]`), 400, "too-deep", nil},
		{"too_deep_and_open", data(strings.Repeat("[", 100_000)), 400, "too-deep", nil},
		{
			"too_deep_beside_data", data(`{"meta":` + strings.Repeat("[", 50) + strings.Repeat("]", 50) + `,"data":[` + goodRecord + `]}`), 400,
			"too-deep", nil,
		},
		{
			"record_too_large", lines(goodRecord + "\n" + `{"tool_id":"` + strings.Repeat("x", 70_000) + `"}`), 413, "record-too-large",
			&position{line: 2, column: 1, row: 2, offset: int64(len(goodRecord)) + 1},
		},
		{"record_without_end", lines(`{"tool_id":"` + strings.Repeat("x", 3<<20)), 413, "record-too-large", nil},
		{"too_many_records", lines(strings.Repeat(goodRecord+"\n", 1001)), 413, "too-many-records", nil},
		{"body_too_large", lines(strings.Repeat(strings.Repeat(" ", 1<<10)+"\n", 4097)), 413, "body-too-large", nil},
		{
			"bomb",
			client.RequestBody{Type: "application/x-ndjson", Encoding: "gzip", Content: gzipped(t, bytes.Repeat([]byte("\n"), 64<<20))},
			413, "compression-ratio", nil,
		},
		{"gzip_that_is_plain", coded("gzip", []byte("["+goodRecord+"]")), 400, "bad-encoding", nil},
		{"gzip_cut_off", coded("gzip", packed[:len(packed)/2]), 400, "bad-encoding", nil},
		{"gzip_without_checksum", coded("gzip", packed[:len(packed)-4]), 400, "bad-encoding", nil},
		{"gzip_damaged", coded("gzip", damaged(packed)), 400, "bad-encoding", nil},
		{"zstd_that_is_plain", coded("zstd", []byte("["+goodRecord+"]")), 400, "bad-encoding", nil},
		{"encoded_twice", coded("gzip, gzip", packed), 415, "unsupported-content-encoding", nil},
		{"brotli", coded("br", packed), 415, "unsupported-content-encoding", nil},
		{"unknown", client.RequestBody{Content: []byte("records")}, 415, "unsupported-media-type", nil},
		{"plain_text", client.RequestBody{Type: "text/plain", Content: []byte("records")}, 415, "unsupported-media-type", nil},
		{"form", client.RequestBody{Type: "multipart/form-data; boundary=x", Content: []byte("--x--")}, 400, "malformed-form", nil},
		{
			"unknown_charset",
			client.RequestBody{Type: "application/json; charset=ebcdic", Content: []byte("[" + goodRecord + "]")},
			415,
			"unsupported-media-type", nil,
		},
		{
			"nonsense_type",
			client.RequestBody{Type: "application/;;", Content: []byte("[" + goodRecord + "]")},
			415,
			"unsupported-media-type", nil,
		},
		{"csv_header_twice", table("tool_id,tool_id\n1,2\n"), 422, "bad-header", nil},
		{"csv_header_empty", table("tool_id,,category\n1,2,3\n"), 422, "bad-header", nil},
		{"csv_header_broken", table("tool_id,\"tool\"_name\n1,2\n"), 422, "bad-header", nil},
		{
			"csv_open_quote", table("tool_id,tool_name,category\n" + strings.Repeat("1,2,3\n", 5) + "4,\"5,6\n7,8,9\n"), 400, "malformed-csv",
			&position{line: 7, column: 1, row: 6, offset: 57},
		},
		{"csv_open_quote_for_ever", table("tool_id,tool_name,category\n1,\"" + strings.Repeat("2\n", 1<<20)), 413, "record-too-large", nil},
	}
}

func numberedTools(n int) []tool.Tool {
	var tools []tool.Tool
	for i := range n {
		tools = append(tools, tool.Numbered(i))
	}
	return tools
}

// damaged flips one bit in the middle.
func damaged(content []byte) []byte {
	broken := bytes.Clone(content)
	broken[len(broken)/2] ^= 0x10
	return broken
}

// expectProblem compares a response with the wanted problem. An empty code matches any code.
func expectProblem(t *testing.T, resp *client.Response, status int, code string) client.Problem {
	t.Helper()
	p, err := resp.Problem()
	if err != nil {
		t.Fatal(err)
	}
	if p.Status != status || code != "" && p.Code() != code {
		t.Errorf("got %d %s, want %d %s: %s", p.Status, p.Code(), status, code, p.Detail)
	}
	return p
}

// expectNoRows waits until the api has rolled back what it had staged, and all tables are empty.
func expectNoRows(t *testing.T, s *stack.Stack) {
	t.Helper()
	for _, table := range []string{"xforce.task_chunks", "xforce.tasks", "xforce.task_progress", "xforce.tools"} {
		s.WaitForSQL(rollbackTimeout, table+" to be empty", fmt.Sprintf("SELECT NOT EXISTS (SELECT FROM %s)", table))
	}
}
