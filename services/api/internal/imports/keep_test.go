package imports_test

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

// archive returns a zip file with one entry.
func archive(t *testing.T, name, content string) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	entry, err := w.Create(name)
	if err == nil {
		_, err = io.WriteString(entry, content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// An archive is kept as it is, however it is sent, and is split later: the number of its records is not known yet.
func TestSubmitArchive(t *testing.T) {
	t.Parallel()
	f := newSubmitFixture(t)
	content := archive(t, "t.csv", "tool_id\nA\n")
	for name, send := range map[string]struct{ mediaType, body string }{
		"workbook": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", content},
		"as CSV":   {"text/csv", content},
		"untyped":  {"", content},
		"form":     {formType, part("file", "t.xlsx", "", content) + "--x--"},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(f.dispatched)
			w := edgetest.Send(t, f.engine, http.MethodPost, submitPath, send.body, "Content-Type", send.mediaType)
			edgetest.CheckStatus(t, w, http.StatusAccepted)
			if got := edgetest.Decode[accepted](t, w); got.Total != 0 || got.Status != "IN_PROGRESS" {
				t.Errorf("response = %+v, want no records yet, IN_PROGRESS", got)
			}
			if got := f.dispatched[before:]; len(got) != 1 || got[0].Seq >= 0 {
				t.Errorf("dispatched %v, want the split", got)
			}
		})
	}
}

func TestSubmitArchiveRepeated(t *testing.T) {
	t.Parallel()
	f := newSubmitFixture(t)
	content := archive(t, "t.csv", "tool_id\nA\n")
	send := func(body string) int {
		return edgetest.Send(t, f.engine, http.MethodPost, submitPath, body, "Content-Type", "application/zip", "Operation-Id", operationID).Code
	}
	for range 2 {
		if got := send(content); got != http.StatusAccepted {
			t.Errorf("status = %d, want 202", got)
		}
	}
	if len(f.dispatched) != 1 {
		t.Errorf("dispatched %d chunks, want 1", len(f.dispatched))
	}
	if got := send(archive(t, "t.csv", "tool_id\nB\n")); got != http.StatusBadRequest {
		t.Errorf("status of other content = %d, want 400", got)
	}
}

func TestSubmitRejectsArchive(t *testing.T) {
	t.Parallel()
	f := newSubmitFixture(t)
	content := archive(t, "t.csv", "tool_id\nA\n")
	w := edgetest.Send(t, f.engine, http.MethodPost, submitPath, part("file", "t.zip", "", content)+part("file", "u.zip", "", content)+"--x--", "Content-Type", formType)
	edgetest.CheckProblem(t, w, http.StatusBadRequest, "MalformedForm")
	w = edgetest.Send(t, f.engine, http.MethodPost, submitPath, part("file", "t.zip", "", content+strings.Repeat("x", maxBody)), "Content-Type", formType)
	edgetest.CheckProblem(t, w, http.StatusRequestEntityTooLarge, "BodyTooLarge")
	w = edgetest.Send(t, f.engine, http.MethodPost, submitPath, content[:len(content)-30], "Content-Type", "application/zip")
	edgetest.CheckProblem(t, w, http.StatusBadRequest, "BadArchive")
	if len(f.dispatched) != 0 {
		t.Errorf("dispatched %v, want nothing", f.dispatched)
	}
}
