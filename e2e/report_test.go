package e2e_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// reportTimeout bounds the time to build a report, also if its reporter was killed.
const reportTimeout = time.Minute

// startedReport is an accepted report.
type startedReport struct {
	stack *stack.Stack
	// location is the URL of its status, file the path of its download.
	location, file string
	number         int64
}

// startReport starts a report. Without a body it sends the request printed in seed 004.
func startReport(t *testing.T, s *stack.Stack, body, format string) startedReport {
	t.Helper()
	request := client.RequestBody{}
	if body != "" {
		request = client.RequestBody{Type: "application/json", Content: []byte(body)}
	}
	resp, err := s.Client().Do(t.Context(), http.MethodPost, "/start-report", request)
	if err != nil {
		t.Fatal(err)
	}
	var accepted struct {
		Status, ID string
		Number     int64
	}
	if err := json.Unmarshal(resp.Body, &accepted); err != nil || resp.Status != http.StatusAccepted || accepted.Status != "in_progress" {
		t.Fatalf("POST /start-report: got %d %s (%v), want 202 in_progress", resp.Status, resp.Body, err)
	}
	r := startedReport{
		stack: s, location: resp.Header.Get("Location"), number: accepted.Number,
		file: fmt.Sprintf("/reports/report-%d.%s", accepted.Number, format),
	}
	if want := s.Client().Base() + "/report-status/" + strconv.FormatInt(r.number, 10); r.location != want {
		t.Errorf("Location is %s, want %s", r.location, want)
	}
	if want := s.Client().Base() + "/operations/" + accepted.ID; resp.Header.Get("Operation-Location") != want {
		t.Errorf("Operation-Location is %s, want %s", resp.Header.Get("Operation-Location"), want)
	}
	expectRetryAfter(t, resp, true)
	return r
}

// expectRetryAfter expects Retry-After of an unfinished report only.
func expectRetryAfter(t *testing.T, resp *client.Response, unfinished bool) {
	t.Helper()
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); (err == nil && seconds > 0) != unfinished {
		t.Errorf("Retry-After is %q, want one: %t", resp.Header.Get("Retry-After"), unfinished)
	}
}

func (r startedReport) do(t *testing.T, method, address string, header http.Header) *client.Response {
	t.Helper()
	resp, err := r.stack.Client().Do(t.Context(), method, address, client.RequestBody{Header: header})
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// wait polls until the report is completed, checks the file's digests and returns its content.
func (r startedReport) wait(t *testing.T) []byte {
	t.Helper()
	var last *client.Response
	await.Until(t, reportTimeout, "the report to be finished", func() bool {
		last = r.do(t, http.MethodGet, r.location, nil)
		unfinished := string(last.Body) == `{"status":"in_progress"}`+"\n" || string(last.Body) == `{"status":"in_progress"}`
		expectRetryAfter(t, last, unfinished)
		return !unfinished
	})
	want := fmt.Sprintf(`{"status":"completed","download_link":%q,`, r.file)
	if last.Status != http.StatusOK || !strings.HasPrefix(string(last.Body), want) {
		t.Fatalf("got %d %s, want 200 with a body that starts with %s", last.Status, last.Body, want)
	}
	var reported struct {
		Size   int
		SHA256 string
	}
	if err := json.Unmarshal(last.Body, &reported); err != nil {
		t.Fatal(err)
	}
	resp := r.do(t, http.MethodGet, r.file, nil)
	sum := sha256.Sum256(resp.Body)
	if resp.Status != http.StatusOK || reported.Size != len(resp.Body) || reported.SHA256 != fmt.Sprintf("%x", sum) {
		t.Errorf("got %d with %d bytes and digest %x, want %+v as in the status", resp.Status, len(resp.Body), sum, reported)
	}
	want = "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
	if resp.Header.Get("Repr-Digest") != want {
		t.Errorf("Repr-Digest is %q, want %q", resp.Header.Get("Repr-Digest"), want)
	}
	return resp.Body
}

// TestReportWithoutBody follows seed 004: a request without a body, a Location, a status with the
// single member in_progress, and a link to a PDF.
func TestReportWithoutBody(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	s.WaitFor(s.SubmitJSON(tool.SampleJSON), "Succeeded")
	release := s.BlockWrites("xforce.task_outputs")
	r := startReport(t, s, "", "pdf")
	resp := r.do(t, http.MethodGet, r.location, nil)
	if strings.TrimSpace(string(resp.Body)) != `{"status":"in_progress"}` || resp.Status != http.StatusOK {
		t.Errorf("unfinished report: got %d %s, want 200 with status in_progress alone", resp.Status, resp.Body)
	}
	early := r.do(t, http.MethodGet, r.file, nil)
	expectProblem(t, early, http.StatusConflict, "report-unfinished")
	expectRetryAfter(t, early, true)
	release()
	if file := r.wait(t); !bytes.HasPrefix(file, []byte("%PDF-1.")) {
		t.Errorf("file starts with %q, want %%PDF-1.", file[:10])
	}
}

// TestReportOfImport builds the HTML report of an import with rejected records. Its headers let
// browsers show the page, but run no script in it.
func TestReportOfImport(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	op := s.SubmitJSON([]byte(`[{"tool_id":"A","tool_name":"<script>alert(1)</script>","category":7},{"tool_id":"B","tool_name":"b","category":"c"}]`))
	s.WaitFor(op, "Succeeded")
	page := startReport(t, s, fmt.Sprintf(`{"report":"import","operation":%q,"format":"html"}`, op.ID), "html")
	text := string(page.wait(t))
	if !strings.Contains(text, op.TaskReference) || !strings.Contains(text, "<td>/category</td>") || strings.Contains(text, "<script") {
		t.Errorf("page is %s, want the reference and /category, and no script", text)
	}
	head := page.do(t, http.MethodHead, page.file, nil).Header
	if !strings.HasPrefix(head.Get("Content-Security-Policy"), "default-src 'none';") || head.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.HasPrefix(head.Get("Content-Disposition"), "inline;") || head.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("headers of the page are %v", head)
	}
}

// exportedRecords is the number of records in the exports: several collecting steps, several blocks
// of a file.
const exportedRecords = 20_000

// TestExportsAreImportable exports a collection in every format. Importing the CSV and the NDJSON
// file again changes only the counts.
func TestExportsAreImportable(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	s.WaitFor(s.SubmitLines(tool.NDJSON(exportedRecords, tool.Numbered)), "Succeeded")
	files := make(map[string][]byte)
	for format, magic := range map[string]string{
		"csv": "tool_id,tool_name,category,", "ndjson": "{", "xlsx": "PK\x03\x04",
		"parquet": "PAR1",
	} {
		r := startReport(t, s, fmt.Sprintf(`{"report":"records","collection":"tools","format":%q}`, format), format)
		files[format] = r.wait(t)
		if !bytes.HasPrefix(files[format], []byte(magic)) {
			t.Errorf("%s file starts with %q, want %q", format, files[format][:20], magic)
		}
		if format == "ndjson" {
			expectRanges(t, r, files[format])
		}
	}
	for format, media := range map[string]string{"csv": "text/csv", "ndjson": "application/x-ndjson"} {
		again := s.WaitFor(s.Submit("tools", client.RequestBody{Type: media, Content: files[format]}), "Succeeded")
		expectCounts(t, again, client.Counts{Total: exportedRecords, Updated: exportedRecords, Imported: exportedRecords})
	}
	want := make([]tool.Tool, exportedRecords)
	for n := range want {
		want[n] = tool.Numbered(n)
	}
	expectTools(t, s, want)
}

// expectRanges requests ranges of a file, as a client continues a broken download.
func expectRanges(t *testing.T, r startedReport, whole []byte) {
	t.Helper()
	half := len(whole)/2 + 7
	tag := r.do(t, http.MethodHead, r.file, nil).Header.Get("ETag")
	rest := func(tag string) http.Header {
		return http.Header{"Range": {fmt.Sprintf("bytes=%d-", half)}, "If-Range": {tag}}
	}
	resp := r.do(t, http.MethodGet, r.file, rest(tag))
	if resp.Status != http.StatusPartialContent || !bytes.Equal(resp.Body, whole[half:]) {
		t.Errorf("second half: got %d with %d bytes, want 206 with %d", resp.Status, len(resp.Body), len(whole)-half)
	}
	if want := fmt.Sprintf("bytes %d-%d/%d", half, len(whole)-1, len(whole)); resp.Header.Get("Content-Range") != want {
		t.Errorf("Content-Range is %q, want %q", resp.Header.Get("Content-Range"), want)
	}
	if resp := r.do(t, http.MethodGet, r.file, rest(`"another"`)); resp.Status != http.StatusOK || !bytes.Equal(resp.Body, whole) {
		t.Errorf("If-Range of another file: got %d with %d bytes, want 200 with %d", resp.Status, len(resp.Body), len(whole))
	}
	if resp := r.do(t, http.MethodGet, r.file, http.Header{"If-None-Match": {tag}}); resp.Status != http.StatusNotModified {
		t.Errorf("If-None-Match: got %d, want 304", resp.Status)
	}
	behind := r.do(t, http.MethodGet, r.file, http.Header{"Range": {fmt.Sprintf("bytes=%d-", len(whole))}})
	expectProblem(t, behind, http.StatusRequestedRangeNotSatisfiable, "range-not-satisfiable")
	if want := fmt.Sprintf("bytes */%d", len(whole)); behind.Header.Get("Content-Range") != want {
		t.Errorf("Content-Range is %q, want %q", behind.Header.Get("Content-Range"), want)
	}
}
