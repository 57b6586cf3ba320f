package multipart_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/collectiontest"
	"github.com/longshore-io/longshore/pkg/intake"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
	"github.com/longshore-io/longshore/services/api/internal/fit"
	"github.com/longshore-io/longshore/services/api/internal/imports"
	"github.com/longshore-io/longshore/services/api/internal/imports/multipart"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

const (
	startPath = "/api/tools/import:upload-start"
	partBytes = 100
)

type fixture struct {
	engine     *gin.Engine
	dispatched edgetest.Dispatcher
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	db := storetest.Open(t, storetest.NewDatabase(t), store.Options{Application: t.Name(), MaxConns: 4})
	collections := collectiontest.Shipped(t)
	f := &fixture{}
	log, addresses := slog.New(slog.DiscardHandler), edge.NewAddresses("https://api.example")
	opts := imports.Options{
		Intake:       intake.Limits{Body: 1000, Record: 1000, Records: 100, Depth: 10, Ratio: 1000},
		UploadRate:   minrate.Limit{Grace: time.Minute, MinRate: 1000},
		ChunkRecords: 10, ChunkBytes: 1000, Lanes: 1,
	}
	handler, err := imports.New(imports.Deps{
		Storage: admission.NewStorage(0, nil, nil, metrics.NewAdmission()), Fit: fit.New(db),
		Monitor: struct{ imports.Monitor }{}, Store: db, Dispatcher: &f.dispatched, Collections: collections.Catalog, Addresses: addresses,
		Estimator: retryafter.New(time.Now), Log: log, Options: opts,
	})
	if err != nil {
		t.Fatal(err)
	}
	uploads, err := multipart.New(multipart.Deps{
		Storage: admission.NewStorage(0, nil, nil, metrics.NewAdmission()), Fit: fit.New(db),
		Store: db, Dispatcher: &f.dispatched, Collections: collections.Catalog, Addresses: addresses, Policy: submission.Policy{}, Log: log, Imports: handler,
		Options: multipart.Options{Import: opts, PartBytes: partBytes, Parts: 3, Retention: time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.engine = edgetest.NewEngine(uploads.Routes())
	return f
}

func (f *fixture) send(t *testing.T, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return edgetest.Send(t, f.engine, method, path, body, headers...)
}

// upload are the members of an upload that tests check.
type upload struct {
	ID       string
	Upload   string
	Received []struct {
		Part  int
		Bytes int
	}
	Finished bool
}

// start starts an upload and returns its path.
func (f *fixture) start(t *testing.T, headers ...string) string {
	t.Helper()
	w := f.send(t, http.MethodPost, startPath, "", append(headers, "Content-Type", "application/json")...)
	edgetest.CheckStatus(t, w, http.StatusCreated)
	got := edgetest.Decode[upload](t, w)
	edgetest.CheckHeader(t, w, "Location", got.Upload)
	return strings.TrimPrefix(got.Upload, "https://api.example")
}

// checkReceived checks the sizes of the received parts, by part number.
func (f *fixture) checkReceived(t *testing.T, path string, want map[int]int) {
	t.Helper()
	got := edgetest.Decode[upload](t, f.send(t, http.MethodGet, path, ""))
	if len(got.Received) != len(want) {
		t.Errorf("received %d parts, want %d", len(got.Received), len(want))
	}
	for _, part := range got.Received {
		if part.Bytes != want[part.Part] {
			t.Errorf("part %d has %d bytes, want %d", part.Part, part.Bytes, want[part.Part])
		}
	}
}

func digestOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

func compress(t *testing.T, text string) string {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.String()
}

func TestUpload(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	path := f.start(t)
	edgetest.CheckStatus(t, f.send(t, http.MethodPut, path+"/parts/2", `]`), http.StatusCreated)
	edgetest.CheckStatus(t, f.send(t, http.MethodPut, path+"/parts/1", `[`), http.StatusCreated)

	packed := compress(t, `[{"tool_id":"A"}`)
	w := f.send(t, http.MethodPut, path+"/parts/1", packed, "Content-Encoding", "gzip", "Content-Digest", digestOf(packed))
	edgetest.CheckStatus(t, w, http.StatusOK)
	edgetest.CheckBody(t, w, `{"part":1,"bytes":16,"digest":"`+digestOf(`[{"tool_id":"A"}`)+`"}`)
	f.checkReceived(t, path, map[int]int{1: 16, 2: 1})

	for range 2 { // finishing is idempotent
		w = f.send(t, http.MethodPost, path+":upload-finish", `{"parts":2}`)
		edgetest.CheckStatus(t, w, http.StatusAccepted)
		edgetest.CheckHasHeader(t, w, "Location", true)
		edgetest.CheckHasHeader(t, w, "Retry-After", true)
	}
	if len(f.dispatched) != 1 || f.dispatched[0].OperationID.String() != path[strings.LastIndexByte(path, '/')+1:] {
		t.Errorf("dispatched %v, want the upload once", f.dispatched)
	}
	if got := edgetest.Decode[upload](t, f.send(t, http.MethodGet, path, "")); !got.Finished {
		t.Error("the upload is not finished")
	}
	edgetest.CheckStatus(t, f.send(t, http.MethodPut, path+"/parts/1", `[`), http.StatusConflict)
	edgetest.CheckStatus(t, f.send(t, http.MethodDelete, path, ""), http.StatusConflict)
}

func TestPutRejectsInvalidPart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	path := f.start(t)
	large := strings.Repeat("x", partBytes+1)
	for name, tt := range map[string]struct {
		part, body string
		headers    []string
		status     int
		code       string
	}{
		"number 0":         {"0", "x", nil, 400, "InvalidPartNumber"},
		"number too high":  {"4", "x", nil, 400, "InvalidPartNumber"},
		"not a number":     {"x", "x", nil, 400, "InvalidPartNumber"},
		"malformed digest": {"1", "x", []string{"Content-Digest", "sha-256=x"}, 400, "InvalidDigest"},
		"wrong digest":     {"1", "x", []string{"Content-Digest", digestOf("y")}, 400, "DigestMismatch"},
		"unknown coding":   {"1", "x", []string{"Content-Encoding", "br"}, 415, "UnsupportedContentEncoding"},
		"too large":        {"1", large, nil, 413, "PartTooLarge"},
		"decoded too large": {
			"1", compress(t, large), []string{"Content-Encoding", "gzip"}, 413, "PartTooLarge",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := f.send(t, http.MethodPut, path+"/parts/"+tt.part, tt.body, tt.headers...)
			edgetest.CheckProblem(t, w, tt.status, tt.code)
			edgetest.CheckHasHeader(t, w, "Accept-Encoding", tt.status == http.StatusUnsupportedMediaType)
		})
	}
	f.checkReceived(t, path, nil)
}

func TestStartRepeated(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const id = "01a201ca-08ae-76bd-94da-dcd44d595976"
	first, second := f.start(t, "Operation-Id", id), f.start(t, "Operation-Id", id)
	if first != second {
		t.Errorf("the repeated request started %s, want %s", second, first)
	}
	w := f.send(t, http.MethodPost, startPath, "", "Operation-Id", id, "Content-Type", "text/csv")
	edgetest.CheckProblem(t, w, http.StatusBadRequest, "OperationIdInUse")
}

func TestFinishRejectsInvalidRequest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	path := f.start(t)
	for _, body := range []string{`{`, `{"parts":-1}`, `{"parts":4}`, `{"part":1}`, `[]`, strings.Repeat(" ", 4<<10) + "{}"} {
		t.Run(strings.TrimSpace(body), func(t *testing.T) {
			edgetest.CheckProblem(t, f.send(t, http.MethodPost, path+":upload-finish", body), http.StatusBadRequest, "InvalidFinish")
		})
	}
	edgetest.CheckProblem(t, f.send(t, http.MethodPost, path, ""), http.StatusNotFound, "NoSuchAddress")
}

func TestAbort(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	path := f.start(t)
	edgetest.CheckStatus(t, f.send(t, http.MethodGet, strings.Replace(path, "/tools/", "/spoons/", 1), ""), http.StatusNotFound)
	edgetest.CheckStatus(t, f.send(t, http.MethodDelete, path, ""), http.StatusNoContent)
	edgetest.CheckStatus(t, f.send(t, http.MethodGet, path, ""), http.StatusNotFound)
}
