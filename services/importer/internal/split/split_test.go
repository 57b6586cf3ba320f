package split_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/collectiontest"
	"github.com/longshore-io/longshore/pkg/intake"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/staging"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/worker"
	"github.com/longshore-io/longshore/services/importer/internal/split"
)

// fixture is a splitter with its handler.
type fixture struct {
	db    *store.Store
	sql   *pgx.Conn
	redis queuetest.Redis
	split queue.Handler
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	url := storetest.NewDatabase(t)
	f := fixture{sql: storetest.Connect(t, url), redis: queuetest.New(t)}
	f.db = storetest.Open(t, url, store.Options{})
	collections := collectiontest.Shipped(t)
	splitter := split.New(f.db, collections)
	worker := worker.New(job.Split, worker.Deps{Store: f.db, Redis: f.redis.Queue, Log: slog.New(slog.DiscardHandler), MaxAttempts: 2}, splitter.Process)
	f.split = splitter.WithCleanup(worker.ProcessEntry)
	return f
}

var limits = intake.Limits{Body: 1 << 20, Record: 1000, Records: 1000, Depth: 8, Ratio: 100}

// newUpload returns the job of a finished multipart upload of the parts.
func (f fixture) newUpload(t *testing.T, collection, mediaType string, parts ...string) job.Chunk {
	t.Helper()
	request, err := staging.NewRequest(mediaType, intake.Options{}, 10, 1<<20, limits)
	if err != nil { // as a later release may accept it
		request = staging.Request{Type: mediaType, ContentType: mediaType}
	}
	p, err := f.db.BeginMultipart(t.Context(), store.Draft{
		Reference: operation.NewReference(), Kind: operation.Import, Collection: collection, Lanes: 2,
		Request: request.Encode(),
	}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for i, content := range parts {
		w, err := f.db.NewPart(p.ID, i+1)
		if err != nil {
			t.Fatal(err)
		}
		for block := range slices.Chunk([]byte(content), 100) {
			if err := w.Append(t.Context(), block); err != nil {
				t.Fatal(err)
			}
		}
		sum := sha256.Sum256([]byte(content))
		if _, err := w.Commit(t.Context(), sum[:], 1<<20, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.db.FinishMultipart(t.Context(), p.ID, len(parts)); err != nil {
		t.Fatal(err)
	}
	return job.SplitOf(p.ID)
}

func (f fixture) mustRead(t *testing.T, c job.Chunk) *operation.Operation {
	t.Helper()
	op, err := f.db.Operation(t.Context(), c.OperationID)
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func (f fixture) count(t *testing.T, table string) (n int) {
	t.Helper()
	if err := f.sql.QueryRow(t.Context(), `SELECT count(*) FROM xforce.`+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (f fixture) wantNoParts(t *testing.T) {
	t.Helper()
	if n := f.count(t, "upload_parts") + f.count(t, "upload_pieces"); n != 0 {
		t.Errorf("rows of parts and blocks = %d, want 0", n)
	}
}

// lines returns n records as NDJSON.
func lines(n int) string {
	var all strings.Builder
	for i := range n {
		fmt.Fprintf(&all, `{"tool_id":"ä%d"}`+"\n", i)
	}
	return all.String()
}

func TestProcessRecordsAcrossParts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	body := lines(45)
	c := f.newUpload(t, "tools", "application/x-ndjson", body[:13], body[13:14], body[14:700], "", body[700:])
	if err := f.split(t.Context(), job.Entry{Chunk: c}); err != nil {
		t.Fatal(err)
	}
	op := f.mustRead(t, c)
	if op.State != operation.Running || op.Counts.Total != 45 || op.Chunks != 5 {
		t.Errorf("operation = %+v, want Running with 45 records in 5 chunks", op)
	}
	row := 0
	err := f.db.Records(t.Context(), op.ID, operation.Unprocessed, func(n int, received []byte) error {
		row++
		if want := fmt.Sprintf(`{"tool_id":"ä%d"}`, row-1); n != row || string(received) != want {
			t.Errorf("record %d = %s, want record %d, %s", n, received, row, want)
		}
		return nil
	})
	if err != nil || row != 45 {
		t.Errorf("Records() = %d records, %v, want 45", row, err)
	}
	f.wantNoParts(t)
	if n := f.redis.Client.LLen(t.Context(), "asynq:{imports}:pending").Val(); n != 2 {
		t.Errorf("dispatched chunks = %d, want 1 for each of 2 lanes", n)
	}
	if err := f.split(t.Context(), job.Entry{Chunk: c}); err != nil { // delivered twice
		t.Error(err)
	}
	if n := f.count(t, "task_chunks"); n != 6 {
		t.Errorf("chunks = %d, want 6", n)
	}
}

// TestProcessChangedCollection splits an upload of which another version of the collection has
// staged a chunk already.
func TestProcessChangedCollection(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.newUpload(t, "tools", "application/x-ndjson", lines(45))
	packer := chunk.NewPacker(10, 1<<20)
	packer.Add([]byte(`{"tool_id":7}`))
	if err := f.db.BeginSplit(t.Context(), c.OperationID, "the other version"); err != nil {
		t.Fatal(err)
	}
	if err := f.db.StageSplit(t.Context(), c.OperationID, "the other version", packer.Cut()); err != nil {
		t.Fatal(err)
	}
	if err := f.split(t.Context(), job.Entry{Chunk: c}); err != nil {
		t.Fatal(err)
	}
	if op := f.mustRead(t, c); op.Counts.Total != 45 || op.Chunks != 5 {
		t.Errorf("operation = %+v, want 45 records in 5 chunks", op)
	}
}

// TestProcessArchive splits a zip file whose parts end anywhere.
func TestProcessArchive(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	archive := zipOf(t, lines(45))
	c := f.newUpload(t, "tools", "application/zip", archive[:1], archive[1:250], archive[250:])
	if err := f.split(t.Context(), job.Entry{Chunk: c}); err != nil {
		t.Fatal(err)
	}
	if op := f.mustRead(t, c); op.Counts.Total != 45 || op.Chunks != 5 {
		t.Errorf("operation = %+v, want 45 records in 5 chunks", op)
	}
	f.wantNoParts(t)
}

// zipOf returns a zip file with one file of lines.
func zipOf(t *testing.T, content string) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	entry, err := w.Create("t.ndjson")
	if err == nil {
		_, err = entry.Write([]byte(content))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestProcessInvalidBody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for code, parts := range map[string][]string{
		"MalformedJson":  {lines(25), "{"},
		"RecordTooLarge": {lines(25), `{"tool_id":"` + strings.Repeat("x", 1000) + `"}`},
		"TooManyRecords": {lines(1001)},
		"TooDeep":        {lines(1) + strings.Repeat("[", 9) + strings.Repeat("]", 9)},
		"NoRecords":      {"\n"},
		"EmptyBody":      {""},
		"NotUtf8":        {"{\x00", "}\x00"},
		"BadArchive":     {zipOf(t, lines(25))[:200]},
		"NotRecords":     {"<!DOCTYPE ", "html><title>502</title>"},
	} {
		t.Run(code, func(t *testing.T) {
			c := f.newUpload(t, "tools", "application/x-ndjson", parts...)
			err := f.split(t.Context(), job.Entry{Chunk: c})
			if _, archived := errors.AsType[*queue.ArchiveError](err); !archived {
				t.Errorf("error = %v, want ArchiveError", err)
			}
			op := f.mustRead(t, c)
			if op.State != operation.Failed || op.Failure == nil || op.Failure.Code != code || op.Failure.Message == "" || op.Counts.Total != 0 {
				t.Errorf("operation = %+v with failure %+v, want Failed with %s and no records", op, op.Failure, code)
			}
		})
	}
	f.wantNoParts(t)
	if n := f.count(t, "task_chunks WHERE seq >= 0"); n != 0 {
		t.Errorf("chunks = %d, want 0", n)
	}
}

// TestProcessMissingBlock checks that lost data of the database is not reported as a client's
// error, such as a body that ends too early.
func TestProcessMissingBlock(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.newUpload(t, "tools", "application/x-ndjson", lines(25))
	if _, err := f.sql.Exec(t.Context(), `DELETE FROM xforce.upload_pieces WHERE seq = 2`); err != nil {
		t.Fatal(err)
	}
	var later *queue.RetryAfterError
	if err := f.split(t.Context(), job.Entry{Chunk: c}); !errors.As(err, &later) {
		t.Errorf("error = %v, want RetryAfterError", err)
	}
	if op := f.mustRead(t, c); op.State != operation.Running {
		t.Errorf("operation = %s with failure %+v, want Running", op.State, op.Failure)
	}
}

func TestProcessUnknownCollection(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.newUpload(t, "spoons", "application/x-ndjson", lines(1))
	for range 5 { // more than MaxAttempts
		if err := f.split(t.Context(), job.Entry{Chunk: c}); err == nil {
			t.Error("error = nil, want an error for an unknown collection")
		}
	}
	if op := f.mustRead(t, c); op.State.Terminal() {
		t.Errorf("operation = %s with failure %+v, want it not finished", op.State, op.Failure)
	}
}

func TestWithCleanupCancelledUpload(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.newUpload(t, "tools", "application/x-ndjson", lines(1))
	if _, _, err := f.db.Cancel(t.Context(), c.OperationID); err != nil {
		t.Fatal(err)
	}
	if err := f.split(t.Context(), job.Entry{Chunk: c}); err != nil {
		t.Fatal(err)
	}
	f.wantNoParts(t)
}
