package imports_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

const formType = "multipart/form-data; boundary=x"

// part returns a part of a form with the boundary x; without a file name it is a field.
func part(name, file, mediaType, content string) string {
	header := `Content-Disposition: form-data; name="` + name + `"`
	if file != "" {
		header += `; filename="` + file + `"`
	}
	if mediaType != "" {
		header += "\r\nContent-Type: " + mediaType
	}
	return "--x\r\n" + header + "\r\n\r\n" + content + "\r\n"
}

func (f *submitFixture) postForm(t *testing.T, parts ...string) *httptest.ResponseRecorder {
	t.Helper()
	return edgetest.Send(t, f.engine, http.MethodPost, submitPath, strings.Join(parts, ""), "Content-Type", formType)
}

func TestSubmitForm(t *testing.T) {
	t.Parallel()
	f := newSubmitFixture(t)
	const table = "tool_id;tool_name\nA;a\nB;b\n"
	for name, parts := range map[string][]string{
		"typed":             {part("file", "t.csv", "text/csv", table), "--x--\r\n"},
		"by name":           {part("upload", "T.CSV", "application/octet-stream", table), "--x--"},
		"by content":        {part("file", "t", "", table), "--x--"},
		"without file name": {part("file", "", "", table), "--x--"},
		"with parameters":   {part("delimiter", "", "", "semicolon"), part("encoding", "", "", "latin1"), part("f", "t.csv", "text/csv", table), "--x--"},
		"lines":             {part("f", "t.jsonl", "text/plain", "{\"tool_id\":\"A\"}\n{\"tool_id\":\"B\"}"), "--x--"},
	} {
		t.Run(name, func(t *testing.T) {
			w := f.postForm(t, parts...)
			edgetest.CheckStatus(t, w, http.StatusAccepted)
			if got := edgetest.Decode[accepted](t, w).Total; got != 2 {
				t.Errorf("total_records = %d, want 2", got)
			}
		})
	}
}

func TestSubmitRejectsForm(t *testing.T) {
	t.Parallel()
	f := newSubmitFixture(t)
	file := part("file", "t.csv", "text/csv", "tool_id\nA\n")
	for name, tt := range map[string]struct {
		parts  []string
		status int
		code   string
		detail string
	}{
		"empty":         {[]string{"--x--"}, 400, "MalformedForm", "It has no file, "},
		"no file":       {[]string{part("delimiter", "", "", "tab"), "--x--"}, 400, "MalformedForm", "It has no file, "},
		"two files":     {[]string{file, part("file", "u.csv", "text/csv", "x"), "--x--"}, 400, "MalformedForm", `It has more than one file: "u.csv" is another.`},
		"field after":   {[]string{file, part("delimiter", "", "", "tab"), "--x--"}, 400, "MalformedForm", `The field "delimiter" comes after the file.`},
		"other field":   {[]string{part("token", "", "", "1"), file, "--x--"}, 400, "MalformedForm", `It has the field "token".`},
		"wrong value":   {[]string{part("emptyCells", "", "", "zero"), file, "--x--"}, 400, "InvalidParameter", "emptyCells must be absent or null"},
		"twice":         {[]string{part("delimiter", "", "", "tab"), part("delimiter", "", "", "bar"), file, "--x--"}, 400, "InvalidParameter", "given twice"},
		"type":          {[]string{part("file", "t.png", "image/png", "x"), "--x--"}, 415, "UnsupportedMediaType", "not one that can be imported"},
		"other bound":   {[]string{"--y\r\n\r\nA\r\n--y--"}, 400, "MalformedForm", "It has no file, or its boundary is not"},
		"cut off":       {[]string{file[:len(file)-2]}, 400, "MalformedForm", "cut off"},
		"without end":   {[]string{file}, 400, "MalformedForm", "cut off"},
		"wrong records": {[]string{part("file", "t.json", "", "[{"), "--x--"}, 400, "MalformedJson", "line 1, column 3"},
	} {
		t.Run(name, func(t *testing.T) {
			w := f.postForm(t, tt.parts...)
			edgetest.CheckProblem(t, w, tt.status, tt.code)
			if !strings.Contains(w.Body.String(), strings.ReplaceAll(tt.detail, `"`, `\"`)) {
				t.Errorf("answer = %s, want %s", w.Body, tt.detail)
			}
		})
	}
	w := edgetest.Send(t, f.engine, http.MethodPost, submitPath, file+"--x--", "Content-Type", "multipart/form-data")
	edgetest.CheckProblem(t, w, http.StatusBadRequest, "MalformedForm")
	w = edgetest.Send(t, f.engine, http.MethodPost, submitPath, file+"--x--", "Content-Type", formType, "Content-Encoding", "gzip")
	edgetest.CheckProblem(t, w, http.StatusBadRequest, "MalformedForm")
	if len(f.dispatched) != 0 {
		t.Errorf("dispatched %v, want nothing", f.dispatched)
	}
}

// A form that is sent again has another boundary, and is the same request.
func TestSubmitFormRepeated(t *testing.T) {
	t.Parallel()
	f := newSubmitFixture(t)
	body := part("file", "t.csv", "text/csv", "tool_id\nA\n") + "--x--"
	for _, boundary := range []string{"x", "other"} {
		w := edgetest.Send(t, f.engine, http.MethodPost, submitPath, strings.ReplaceAll(body, "--x", "--"+boundary),
			"Content-Type", "multipart/form-data; boundary="+boundary, "Operation-Id", operationID)
		edgetest.CheckStatus(t, w, http.StatusAccepted)
	}
	w := edgetest.Send(t, f.engine, http.MethodPost, submitPath+"?emptyCells=null", body, "Content-Type", formType, "Operation-Id", operationID)
	edgetest.CheckProblem(t, w, http.StatusBadRequest, "OperationIdInUse")
}
