package reports_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

// Range headers that RFC 9110 section 14 treats otherwise than net/http does.
func TestDownloadRangeSyntax(t *testing.T) {
	t.Parallel()
	whole := newFake(operation.Succeeded).content
	size := len(whole)
	for header, want := range map[string]struct {
		status int
		body   string
	}{
		"foo":         {200, whole},
		"lines=1-2":   {200, whole},
		"bytes":       {200, whole},
		"bytes=":      {200, whole},
		"bytes=-":     {200, whole},
		"bytes=x-1":   {200, whole},
		"bytes=5-2":   {200, whole},
		"bytes=0-0,x": {200, whole},
		"bytes=+1-2":  {200, whole},

		"Bytes=0-1":                    {206, whole[:2]},
		"bytes= ,0-1,":                 {206, whole[:2]},
		"bytes=0-1,-0":                 {206, whole[:2]},
		"bytes=0-99999999999999999999": {206, whole},
		"bytes=-99999999999999999999":  {206, whole},

		"bytes=99999999999999999999-":     {416, ""},
		"bytes=-0":                        {416, ""},
		fmt.Sprintf("bytes=%d-", size):    {416, ""},
		fmt.Sprintf("bytes=-0,%d-", size): {416, ""},
	} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()
			w := newFake(operation.Succeeded).send(t, http.MethodGet, filePath, "", "Range", header)
			if want.status == http.StatusRequestedRangeNotSatisfiable {
				edgetest.CheckProblem(t, w, want.status, "RangeNotSatisfiable")
				edgetest.CheckHeader(t, w, "Content-Range", fmt.Sprintf("bytes */%d", size))
				return
			}
			edgetest.CheckStatus(t, w, want.status)
			edgetest.CheckBody(t, w, want.body)
		})
	}
}

// Ranges that alternate between two blocks read each block once.
func TestDownloadMaxRanges(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Succeeded)
	w := f.send(t, http.MethodGet, filePath, "", "Range", alternatingRanges(16))
	edgetest.CheckStatus(t, w, http.StatusPartialContent)
	f.checkReads(t, 2)
}

// A request for too many ranges gets the whole file.
func TestDownloadTooManyRanges(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Succeeded)
	w := f.send(t, http.MethodGet, filePath, "", "Range", alternatingRanges(17))
	edgetest.CheckStatus(t, w, http.StatusOK)
	edgetest.CheckBody(t, w, f.content)
	f.checkReads(t, (len(f.content)+blockBytes-1)/blockBytes)
}

// alternatingRanges returns a Range header with n ranges of one byte, in the first and second block
// alternately.
func alternatingRanges(n int) string {
	ranges := make([]string, n)
	for i := range ranges {
		ranges[i] = fmt.Sprintf("%d-%[1]d", i%2*blockBytes)
	}
	return "bytes=" + strings.Join(ranges, ",")
}

func TestDownloadHeadIgnoresRange(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Succeeded)
	w := f.send(t, http.MethodHead, filePath, "", "Range", "bytes=0-1")
	edgetest.CheckStatus(t, w, http.StatusOK)
	edgetest.CheckHeader(t, w, "Content-Length", fmt.Sprint(len(f.content)))
}
