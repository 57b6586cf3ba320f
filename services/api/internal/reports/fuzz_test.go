package reports

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// fuzzedFile is the content of the file whose ranges are requested.
const fuzzedFile = "0123456789abcdefghijklmnopqrstuvwxyz"

// FuzzNormalizeRange serves ranges of a file with net/http after the header was normalized. The
// answer is the whole file, parts of it at the promised positions, or 416.
func FuzzNormalizeRange(f *testing.F) {
	for _, seed := range []string{
		"bytes=0-1", "bytes=-5", "bytes=3-", "bytes=1-0", "bytes=-0", "bytes=0-1,4-5, -1", "lines=1-2", "Bytes = 1-2", "bytes=99999999999999999999-",
		"bytes=0-,0-,0-", "bytes=+1-2", "bytes=--1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "/reports/report-1.csv", nil)
		r.Header.Set("Range", header)
		normalizeRange(r, int64(len(fuzzedFile)))
		w := httptest.NewRecorder()
		http.ServeContent(w, r, "report-1.csv", time.Time{}, strings.NewReader(fuzzedFile))
		switch w.Code {
		case http.StatusOK:
			if w.Body.String() != fuzzedFile {
				t.Errorf("Range %q: 200 with %q, want the whole file", header, w.Body)
			}
		case http.StatusPartialContent:
			checkParts(t, header, w)
		case http.StatusRequestedRangeNotSatisfiable:
			if !strings.Contains(header, "-") {
				t.Errorf("Range %q: 416, want the whole file", header)
			}
		default:
			t.Errorf("Range %q: status %d", header, w.Code)
		}
	})
}

// checkParts compares each part with the file at the positions of its Content-Range.
func checkParts(t *testing.T, header string, w *httptest.ResponseRecorder) {
	t.Helper()
	mediaType, parameters, err := mime.ParseMediaType(w.Header().Get("Content-Type"))
	if err != nil || mediaType != "multipart/byteranges" {
		checkPart(t, header, w.Header().Get("Content-Range"), w.Body.String())
		return
	}
	for parts := multipart.NewReader(w.Body, parameters["boundary"]); ; {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("Range %q: %v", header, err)
		}
		content, err := io.ReadAll(part)
		if err != nil {
			t.Fatalf("Range %q: %v", header, err)
		}
		checkPart(t, header, part.Header.Get("Content-Range"), string(content))
	}
}

func checkPart(t *testing.T, header, contentRange, got string) {
	t.Helper()
	first := strings.Index(fuzzedFile, got)
	want := fmt.Sprintf("bytes %d-%d/%d", first, first+len(got)-1, len(fuzzedFile))
	if got == "" || first < 0 || contentRange != want {
		t.Errorf("Range %q: part %q with Content-Range %q, want %q", header, got, contentRange, want)
	}
}
