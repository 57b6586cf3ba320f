package reports_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/operation"
)

const filePath = "/reports/report-555.pdf"

// What RFC 9110 section 14 wants of ranges that net/http takes otherwise.
func TestRangesThatAreNone(t *testing.T) {
	t.Parallel()
	whole, size := newWorld(operation.Succeeded).content, len(newWorld(operation.Succeeded).content)
	for ranges, want := range map[string]string{
		"foo":         whole,
		"lines=1-2":   whole,
		"bytes":       whole,
		"bytes=":      whole,
		"bytes=-":     whole,
		"bytes=x-1":   whole,
		"bytes=5-2":   whole,
		"bytes=0-0,x": whole,
		"bytes=+1-2":  whole,

		"Bytes=0-1":                       whole[:2],
		"bytes= ,0-1,":                    whole[:2],
		"bytes=0-1,-0":                    whole[:2],
		"bytes=0-99999999999999999999":    whole,
		"bytes=-99999999999999999999":     whole,
		"bytes=99999999999999999999-":     "",
		"bytes=-0":                        "",
		fmt.Sprintf("bytes=%d-", size):    "",
		fmt.Sprintf("bytes=-0,%d-", size): "",
	} {
		w := newWorld(operation.Succeeded).ask(t, http.MethodGet, filePath, "", "Range: "+ranges)
		if want == "" {
			expectProblem(t, ranges, w, http.StatusRequestedRangeNotSatisfiable, "RangeNotSatisfiable")
			if got := w.Header().Get("Content-Range"); got != fmt.Sprintf("bytes */%d", size) {
				t.Errorf("%s: Content-Range is %q", ranges, got)
			}
			continue
		}
		if w.Body.String() != want || (w.Code == http.StatusOK) != (want == whole && !strings.Contains(ranges, "9999")) {
			t.Errorf("%s: %d %q", ranges, w.Code, w.Body)
		}
	}
}

// Ranges that go to and fro between two pieces read each once; too many of them are answered with
// the whole file.
func TestManyRangesCostNoMoreThanTheFile(t *testing.T) {
	t.Parallel()
	for n, code := range map[int]int{16: http.StatusPartialContent, 17: http.StatusOK} {
		world := newWorld(operation.Succeeded)
		ranges := make([]string, n)
		for i := range ranges {
			at := i % 2 * pieceBytes
			ranges[i] = fmt.Sprintf("%d-%[1]d", at)
		}
		w := world.ask(t, http.MethodGet, filePath, "", "Range: bytes="+strings.Join(ranges, ","))
		if pieces := (len(world.content) + pieceBytes - 1) / pieceBytes; w.Code != code || code == http.StatusPartialContent && world.reads != 2 ||
			code == http.StatusOK && (world.reads != pieces || w.Body.String() != world.content) {
			t.Errorf("%d ranges: %d, %d pieces read", n, w.Code, world.reads)
		}
	}
}

func TestARangeOfAHeadIsIgnored(t *testing.T) {
	t.Parallel()
	world := newWorld(operation.Succeeded)
	w := world.ask(t, http.MethodHead, filePath, "", "Range: bytes=0-1")
	if w.Code != http.StatusOK || w.Header().Get("Content-Length") != fmt.Sprint(len(world.content)) {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestAConditionThatFailsIsAProblem(t *testing.T) {
	t.Parallel()
	world := newWorld(operation.Succeeded)
	for _, condition := range []string{`If-Match: "other"`, "If-Unmodified-Since: Tue, 06 Aug 2002 15:24:15 GMT"} {
		w := world.ask(t, http.MethodGet, filePath, "", condition)
		expectProblem(t, condition, w, http.StatusPreconditionFailed, "FileNotAsKnown")
		if w.Header().Get("ETag") != "" || w.Header().Get("Content-Disposition") != "" {
			t.Errorf("%s: headers of the file are left: %v", condition, w.Header())
		}
	}
	tag := world.ask(t, http.MethodHead, filePath, "").Header().Get("ETag")
	if w := world.ask(t, http.MethodGet, filePath, "", "If-Match: "+tag); w.Code != http.StatusOK || w.Body.String() != world.content {
		t.Errorf("one that holds: %d", w.Code)
	}
}

// The number in the address may be a search's, which must not be kept alive by a HEAD.
func TestAHeadIsNoPoll(t *testing.T) {
	t.Parallel()
	world := newWorld(operation.Running)
	if w := world.ask(t, http.MethodHead, "/report-status/555", ""); w.Code != http.StatusOK || world.glances != 1 {
		t.Errorf("%d, %d glances", w.Code, world.glances)
	}
}
