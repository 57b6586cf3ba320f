package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
)

// hostileTimeout limits the answer to a hostile request.
const hostileTimeout = 20 * time.Second

// hostileRoutes are the routes with a method, in paths that exist apart from the operation.
var hostileRoutes = []struct{ method, path string }{
	{"GET", "/"},
	{"GET", "/operations"},
	{"GET", "/operations/" + hostileID},
	{"DELETE", "/operations/" + hostileID},
	{"POST", "/operations/" + hostileID + ":cancel"},
	{"GET", "/operations/" + hostileID + "/events"},
	{"GET", "/operations/" + hostileID + "/records"},
	{"GET", "/v1/operations"},
	{"GET", "/v1/operations/" + hostileID},
	{"POST", "/v1/operations/" + hostileID + ":cancel"},
	{"DELETE", "/v1/operations/" + hostileID},
	{"GET", "/tasks"},
	{"GET", "/tasks/7"},
	{"DELETE", "/tasks/7.xml"},
	{"POST", "/api/tools/import"},
	{"GET", "/api/tools/import/status/HD6EKSD8DO9"},
	{"POST", "/api/tools/import:upload-start"},
	{"PUT", "/api/tools/import/uploads/" + hostileID + "/parts/1"},
	{"GET", "/api/tools/import/uploads/" + hostileID},
	{"POST", "/api/tools/import/uploads/" + hostileID + ":upload-finish"},
	{"POST", "/search"},
	{"GET", "/search/status/" + hostileID},
	{"DELETE", "/search/status/" + hostileID},
	{"POST", "/start-report"},
	{"GET", "/report-status/7"},
	{"DELETE", "/report-status/7"},
	{"GET", "/reports/report-7.pdf"},
}

const hostileID = "01a201ca-08ae-76bd-94da-dcd44d595976"

// hostileForms change a request to a route: what follows the path, and the headers with the body.
var hostileForms = []struct{ name, query, rest string }{
	{"nul_in_query", "?filter=%00&status=%00&label=%00%3D%00&cursor=%00&limit=%00", ""},
	{"invalid_utf8_in_query", "?collection=%ff%fe&filter=%c3%28&status=%ff&outcome=%ff", ""},
	{"bad_escape", "?status=%zz", ""},
	{"semicolons", "?a=1;b=2;status=x", ""},
	{"huge_numbers", "?limit=999999999999999999999&offset=-9223372036854775808&before=1e400&maxpagesize=0x10&pageSize=99999999999", ""},
	{"long_query", "?cursor=" + strings.Repeat("A", 20_000) + "&pageToken=" + strings.Repeat("B", 8_000), ""},
	{"nul_in_path", "%00", ""},
	{"traversal", "/..%2f..%2fetc%2fpasswd", ""},
	{"invalid_utf8_in_path", "%ff%fe", ""},
	{"odd_headers", "", "Accept: */*;q=NaN, ,;;\r\nIf-None-Match: W/, \"\r\nRange: bytes=--1,9-0\r\nLast-Event-ID: 99999999999999999999\r\n" +
		"Prefer: wait=-1, wait=99999999999999999999\r\nLongshore-Labels: =,,=\r\nOperation-Id: x" + hostileID + "y\r\nContent-Digest: sha-256=:x:\r\n\r\n"},
	{"invalid_utf8_in_headers", "", "Longshore-Labels: a=\xff\xfe\r\nX-Request-Id: \xff\r\nContent-Type: \xff/\xff\r\nAccept: \xff\r\n\r\n"},
	{"duplicate_headers", "", "Content-Type: application/json\r\nContent-Type: text/csv\r\nOperation-Id: a\r\nOperation-Id: b\r\n" +
		"Content-Encoding: gzip\r\nContent-Encoding: zstd\r\nPrefer: wait=0\r\nPrefer: wait=1\r\n\r\n"},
	{"deep_json", "", jsonBody(strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000))},
	{"deep_member", "", jsonBody(`{"collection":"tools","filter":{"tool_id":` + strings.Repeat(`{"a":`, 5_000) + "1" + strings.Repeat("}", 5_000) + "}}")},
	{"huge_number_in_body", "", jsonBody(`{"collection":"tools","limit":1e999999,"parts":1e999999,"filter":{"tool_id":1e999999}}`)},
	{"nul_in_body", "", jsonBody(`{"collection":"\u0000","query":"\u0000","report":"\u0000","parts":"\u0000"}`)},
	{"invalid_utf8_in_body", "", jsonBody("{\"collection\":\"\xff\",\"query\":\"\xed\xa0\x80\"}")},
	{"lone_surrogate_in_body", "", jsonBody(`{"collection":"tools","query":"\ud800","filter":{"tool_id":"\udfff"}}`)},
	{"chunked_with_trailers", "", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Digest\r\n\r\n2\r\n{}\r\n0\r\nContent-Digest: x\r\n\r\n"},
	{"chunk_extensions", "", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2;" + strings.Repeat("x", 2_000) + "\r\n{}\r\n0\r\n\r\n"},
	{"broken_chunk", "", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"},
	{"zero_gzip", "", "Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"},
	{"header_flood", "", strings.Repeat("X-Flood: "+strings.Repeat("y", 100)+"\r\n", 1_000) + "\r\n"},
	{"length_and_chunked", "", "Content-Type: application/json\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n"},
	{"two_lengths", "", "Content-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"},
	{"odd_coding", "", "Content-Type: application/json\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
	{"h2c", "", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"},
	{"expect", "", "Expect: nonsense\r\nContent-Length: 0\r\n\r\n"},
}

// jsonBody returns the headers and the body of a JSON document.
func jsonBody(text string) string {
	return fmt.Sprintf("Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
}

// TestHostileRequests sends every form to every route, and odd methods and request lines. None is
// answered with a 500 or not at all; every error of a route is a complete problem. Nothing is logged
// as an error, and the api still serves requests.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	address := strings.TrimPrefix(s.Client().Base(), "http://")
	for _, form := range hostileForms {
		t.Run(form.name, func(t *testing.T) {
			t.Parallel()
			for _, route := range hostileRoutes {
				rest := form.rest
				if rest == "" {
					rest = "\r\n"
				}
				line := route.method + " " + route.path + form.query + " HTTP/1.1"
				sendHostile(t, address, line, "Host: localhost\r\nConnection: close\r\n"+rest)
			}
		})
	}
	for name, line := range map[string]string{
		"unknown_method": "BREW /operations HTTP/1.1", "trace": "TRACE / HTTP/1.1", "connect": "CONNECT api:80 HTTP/1.1", "asterisk": "OPTIONS * HTTP/1.1",
		"lower_case": "get / HTTP/1.1", "absolute": "GET http://evil.example/operations HTTP/1.1", "http_1_0": "GET /operations HTTP/1.0",
		"http_2_preface": "PRI * HTTP/2.0", "http_9": "GET / HTTP/9.9", "two_slashes": "GET //operations HTTP/1.1", "dots": "GET /../../operations HTTP/1.1",
		"long_path": "GET /" + strings.Repeat("a", 30_000) + " HTTP/1.1", "space_in_path": "GET /a b HTTP/1.1", "no_version": "GET /",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sendHostile(t, address, line, "Host: localhost\r\nConnection: close\r\n\r\n")
		})
	}
}

// sendHostile sends a request over a connection of its own and checks the answer.
func sendHostile(t *testing.T, address, line, rest string) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(hostileTimeout)); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, line+"\r\n"+rest) // the server may answer and close before it has read everything
	method, _, _ := strings.Cut(line, " ")
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Errorf("%.100s: no answer: %v", line, err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode == http.StatusOK && response.Header.Get("Content-Type") == "text/event-stream" {
		return // it does not end
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Errorf("%.100s: reading the answer: %v", line, err)
	}
	checkHostileAnswer(t, line, response, body)
}

// checkHostileAnswer rejects a 500, and an error that is no problem. net/http answers requests itself
// that are not HTTP; those have no X-Request-Id.
func checkHostileAnswer(t *testing.T, line string, response *http.Response, body []byte) {
	t.Helper()
	if response.StatusCode == http.StatusInternalServerError || response.StatusCode == http.StatusServiceUnavailable {
		t.Errorf("%.100s: %s: %s", line, response.Status, body)
	}
	own := response.Header.Get("X-Request-Id") != ""
	if own && response.Header.Get("Cache-Control") == "" {
		t.Errorf("%.100s: %s without Cache-Control", line, response.Status)
	}
	if response.StatusCode < http.StatusBadRequest || strings.HasPrefix(line, "HEAD ") {
		return
	}
	if !own {
		if response.StatusCode >= http.StatusInternalServerError && response.StatusCode != http.StatusNotImplemented && response.StatusCode != http.StatusHTTPVersionNotSupported {
			t.Errorf("%.100s: %s: %s", line, response.Status, body)
		}
		return
	}
	answer := client.Response{Status: response.StatusCode, Header: response.Header, Body: body}
	if _, err := answer.Problem(); err != nil || !json.Valid(body) {
		t.Errorf("%.100s: %s is no problem: %v", line, response.Status, err)
	}
}
