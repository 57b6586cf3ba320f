package intake_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/intake"
)

func TestDecoding(t *testing.T) {
	t.Parallel()
	const plain = "1\n2\n3\n"
	numbers := []string{"1", "2", "3"}
	packed := gzipped(t, plain)
	framed := zstandard(t, plain, 1<<20)
	broken := &problem{Kind: fault.Malformed, Code: "bad-encoding"}
	for _, test := range []struct {
		coding string
		bodyTest
	}{
		{"gzip", bodyTest{name: "gzip", body: packed, records: numbers}},
		{"zstd", bodyTest{name: "zstd", body: framed, records: numbers}},
		{"gzip", bodyTest{name: "gzip-members", body: gzipped(t, "1\n2") + gzipped(t, "\n3"), records: numbers}},
		{"zstd", bodyTest{name: "zstd-frames", body: zstandard(t, "1\n2", 1<<20) + zstandard(t, "\n3", 1<<20), records: numbers}},
		{"gzip", bodyTest{name: "byte-order-mark-inside", body: gzipped(t, "\ufeff1"), records: []string{"1"}}},
		{"gzip", bodyTest{name: "position-inside", body: gzipped(t, "1\n x"), records: []string{"1"}, problem: malformedJSON(2, 2, 3).in(2)}},
		{"gzip", bodyTest{name: "gzip-empty", body: "", problem: &problem{Kind: fault.Malformed, Code: "empty-body"}}},
		{"zstd", bodyTest{name: "zstd-empty", body: "", problem: &problem{Kind: fault.Malformed, Code: "empty-body"}}},
		{"gzip", bodyTest{name: "gzip-of-nothing", body: gzipped(t, ""), problem: &problem{Kind: fault.Malformed, Code: "empty-body"}}},
		{"gzip", bodyTest{name: "gzip-of-plain", body: plain, problem: broken}},
		{"gzip", bodyTest{name: "gzip-of-little", body: "1", problem: broken}},
		{"zstd", bodyTest{name: "zstd-of-plain", body: plain, problem: broken}},
		{"gzip", bodyTest{name: "gzip-cut", body: packed[:14], problem: broken}},
		{"gzip", bodyTest{name: "gzip-without-trailer", body: packed[:len(packed)-8], records: numbers, problem: broken}},
		{"gzip", bodyTest{name: "gzip-wrong-sum", body: flip(packed, len(packed)-6), records: numbers, problem: broken}},
		{"gzip", bodyTest{name: "gzip-then-plain", body: packed + "4\n5\n6\n7\n8\n9\n", records: numbers, problem: broken}},
		{"zstd", bodyTest{name: "zstd-cut", body: framed[:len(framed)-5], problem: broken}},
		{"zstd", bodyTest{name: "zstd-wrong-sum", body: flip(framed, len(framed)-1), problem: broken}},
		{"gzip", bodyTest{name: "gzip-twice", body: gzipped(t, packed), problem: foreignBody()}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, media(t, "application/x-ndjson", test.coding), small)
		})
	}
}

// foreignBody is the problem of a body in a format that is not read.
func foreignBody() *problem {
	return (&problem{Kind: fault.UnsupportedMedia, Code: "unsupported-media-type"}).with("content_types", []string{
		"application/json", "application/x-ndjson", "text/csv", "text/tab-separated-values",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	})
}

func TestSizeLimits(t *testing.T) {
	t.Parallel()
	dense := strings.Repeat(`"`+strings.Repeat("x", 61)+"\"\n", 2<<20/64)
	loose := intake.Limits{Body: 1 << 20, Record: 200, Records: 10 << 20, Depth: 3, Ratio: 1 << 20}
	tight := intake.Limits{Body: 1 << 30, Record: 200, Records: 10 << 20, Depth: 3, Ratio: 200}
	tooLarge := (&problem{Kind: fault.TooLarge, Code: "body-too-large"}).with("limit", int64(1<<20))
	tooDense := (&problem{Kind: fault.TooLarge, Code: "compression-ratio"}).with("limit", 200)
	for _, test := range []struct {
		name, coding, body string
		limits             intake.Limits
		want               *problem
	}{
		{"plain", "identity", dense, loose, tooLarge},
		{"gzip", "gzip", gzipped(t, dense), loose, tooLarge},
		{"zstd", "zstd", zstandard(t, dense, 1<<20), loose, tooLarge},
		{"gzip-ratio", "gzip", gzipped(t, dense), tight, tooDense},
		{"zstd-ratio", "zstd", zstandard(t, dense, 1<<20), tight, tooDense},
		{"at-the-limit", "identity", dense[:1<<20], loose, nil},
		{"over-the-limit-by-one", "identity", dense[:1<<20] + "\n", loose, tooLarge},
		{"within-the-grace", "gzip", gzipped(t, dense[:1<<20]), tight, nil},
		{"plain-is-never-dense", "identity", dense, tight, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := readAll(t, strings.NewReader(test.body), media(t, "application/x-ndjson", test.coding), test.limits)
			if diff := cmp.Diff(test.want, problemOf(t, err)); diff != "" {
				t.Errorf("problem (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTransferErrors fails transfers in the middle. The error must be that of the transfer, although
// the text and the compressed stream end too early as well.
func TestTransferErrors(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{io.ErrUnexpectedEOF, os.ErrDeadlineExceeded, &http.MaxBytesError{Limit: 1}} {
		for _, coding := range []string{"identity", "gzip", "zstd"} {
			for contentType, plain := range map[string]string{
				"application/json": `[1,"x`, "application/x-ndjson": "1\n\"x", "text/csv": "id\n1\n\"x",
			} {
				for length := range 2 {
					t.Run(fmt.Sprintf("%T/%s/%s/%d", cause, coding, contentType, length), func(t *testing.T) {
						t.Parallel()
						body := packed(t, plain, coding)
						if length > 0 {
							body = body[:len(body)-length]
						}
						broken := io.MultiReader(strings.NewReader(body), iotest.ErrReader(cause))
						_, err := readAll(t, broken, media(t, contentType, coding), small)
						var f *fault.Fault
						if !errors.Is(err, cause) || errors.As(err, &f) {
							t.Errorf("error = %v, want %v", err, cause)
						}
					})
				}
			}
		}
	}
}

// TestShortBody reads a request whose body is shorter than its Content-Length.
func TestShortBody(t *testing.T) {
	t.Parallel()
	for _, coding := range []string{"identity", "gzip", "zstd"} {
		raw := "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n" + packed(t, "[1,2]", coding)
		request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readAll(t, request.Body, media(t, "application/json", coding), small); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: error = %v, want io.ErrUnexpectedEOF", coding, err)
		}
	}
}

// TestWrappedEOFIsFailure checks that only io.EOF itself ends a body.
func TestWrappedEOFIsFailure(t *testing.T) {
	t.Parallel()
	for _, coding := range []string{"identity", "gzip", "zstd"} {
		broken := io.MultiReader(strings.NewReader(packed(t, "1\n2\n", coding)), iotest.ErrReader(fmt.Errorf("connection: %w", io.EOF)))
		if _, err := readAll(t, broken, media(t, "application/x-ndjson", coding), small); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: error = %v, want io.ErrUnexpectedEOF", coding, err)
		}
	}
}

// TestZstdWindow checks that the windows of zstd's usual levels are supported, and larger ones rejected.
func TestZstdWindow(t *testing.T) {
	t.Parallel()
	limits := intake.Limits{Body: 32 << 20, Record: 200, Records: 5, Depth: 3, Ratio: 1 << 20}
	for window, want := range map[int]*problem{8 << 20: nil, 16 << 20: {Kind: fault.Malformed, Code: "bad-encoding"}} {
		body := zstandard(t, strings.Repeat(strings.Repeat(" ", 63)+"\n", 17<<20/64)+"1", window)
		_, err := readAll(t, strings.NewReader(body), media(t, "application/x-ndjson", "zstd"), limits)
		if diff := cmp.Diff(want, problemOf(t, err)); diff != "" {
			t.Errorf("window %d (-want +got):\n%s", window, diff)
		}
	}
}

func TestOpenRejectsZeroLimit(t *testing.T) {
	t.Parallel()
	_, err := intake.Open(newBody(strings.NewReader("[1]"), small), media(t, "application/json"), thingsCollection(t),
		intake.Limits{Body: 1, Record: 1, Depth: 1, Ratio: 1})
	var f *fault.Fault
	if err == nil || errors.As(err, &f) {
		t.Errorf("Open() = %v, want an error that is no fault", err)
	}
}

func packed(tb testing.TB, plain, coding string) string {
	tb.Helper()
	switch coding {
	case "gzip":
		return gzipped(tb, plain)
	case "zstd":
		return zstandard(tb, plain, 1<<20)
	default:
		return plain
	}
}

func gzipped(tb testing.TB, plain string) string {
	tb.Helper()
	var to bytes.Buffer
	w := gzip.NewWriter(&to)
	write(tb, w, plain)
	return to.String()
}

func zstandard(tb testing.TB, plain string, window int) string {
	tb.Helper()
	var to bytes.Buffer
	w, err := zstd.NewWriter(&to, zstd.WithWindowSize(window), zstd.WithEncoderConcurrency(1))
	if err != nil {
		tb.Fatal(err)
	}
	write(tb, w, plain)
	return to.String()
}

func write(tb testing.TB, w io.WriteCloser, plain string) {
	tb.Helper()
	if _, err := io.WriteString(w, plain); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
}

func flip(text string, i int) string {
	b := []byte(text)
	b[i] ^= 0x40
	return string(b)
}

// TestTruncatedGzipOfJSON: the error of the coding takes precedence over that of the text, which ends
// too early as well.
func TestTruncatedGzipOfJSON(t *testing.T) {
	t.Parallel()
	var plain strings.Builder
	plain.WriteString(`{"data":[0`)
	for n := range 20_000 {
		fmt.Fprintf(&plain, `,{"n":%d}`, n*n*7919)
	}
	packed := gzipped(t, plain.String()+"]}")
	_, err := readAll(t, strings.NewReader(packed[:len(packed)/2]), media(t, "application/json", "gzip"), intake.DefaultLimits())
	if got := fault.Of(err).Code; got != "bad-encoding" {
		t.Errorf("code = %s, want bad-encoding: %v", got, err)
	}
}

// TestEndlessEmptyGzipMembers reads a body that decodes to nothing and never ends.
func TestEndlessEmptyGzipMembers(t *testing.T) {
	t.Parallel()
	limits := intake.DefaultLimits()
	limits.Body = 1 << 20
	body := &repeater{unit: []byte(gzipped(t, ""))}
	_, err := readAll(t, body, media(t, "application/x-ndjson", "gzip"), limits)
	if got := fault.Of(err).Code; got != "body-too-large" {
		t.Errorf("code = %s, want body-too-large: %v", got, err)
	}
	if body.read > 2<<20 {
		t.Errorf("read %d bytes, want at most %d", body.read, 2<<20)
	}
}

// repeater reads the same bytes again and again.
type repeater struct {
	unit []byte
	read int
}

func (r *repeater) Read(p []byte) (int, error) {
	if r.read > 64<<20 {
		return 0, io.EOF // so that a failing test ends
	}
	n := copy(p, r.unit[r.read%len(r.unit):])
	r.read += n
	return n, nil
}

// TestDecode: a part may be empty and may end in the middle of a character.
func TestDecode(t *testing.T) {
	t.Parallel()
	limits := intake.Limits{Body: 10, Record: 1, Records: 1, Depth: 1, Ratio: 1}
	for name, tt := range map[string]struct {
		body, coding, code string
	}{
		"empty":              {"", "", ""},
		"half a character":   {"\xc3", "identity", ""},
		"at the limit":       {"0123456789", "", ""},
		"too large":          {"0123456789x", "", "body-too-large"},
		"not gzip":           {"0123456789", "gzip", "bad-encoding"},
		"empty gzip":         {"", "gzip", "empty-body"},
		"unsupported coding": {"", "br", "unsupported-content-encoding"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reader, err := intake.Decode(newBody(strings.NewReader(tt.body), limits), []string{tt.coding}, limits)
			if err == nil {
				var decoded []byte
				decoded, err = io.ReadAll(reader)
				if err == nil && string(decoded) != tt.body {
					t.Errorf("decoded = %q, want %q", decoded, tt.body)
				}
			}
			if tt.code == "" {
				if err != nil {
					t.Errorf("error = %v, want nil", err)
				}
			} else if got := fault.Of(err).Code; err == nil || got != tt.code {
				t.Errorf("code = %s, want %s: %v", got, tt.code, err)
			}
		})
	}
}
