package split_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collection"
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

// bench is a splitter without its process.
type bench struct {
	db    *store.Store
	sql   *pgx.Conn
	redis queuetest.Redis
	split queue.Handler
}

func setup(t *testing.T) bench {
	t.Helper()
	url := storetest.NewDatabase(t)
	b := bench{sql: storetest.Connect(t, url), redis: queuetest.New(t)}
	var err error
	if b.db, err = store.Open(t.Context(), url, store.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.db.Close)
	collections, err := collection.Load("")
	if err != nil {
		t.Fatal(err)
	}
	splitter := split.New(b.db, collections)
	worker := worker.New(job.Split, worker.Deps{Store: b.db, Redis: b.redis.Queue, Log: slog.New(slog.DiscardHandler), MaxAttempts: 2}, splitter.Process)
	b.split = splitter.WithCleanup(worker.ProcessChunk)
	return b
}

var limits = intake.Limits{Body: 1 << 20, Record: 1000, Records: 1000, Depth: 8, Ratio: 100}

// finished is a finished upload of the parts.
func (b bench) finished(t *testing.T, into, mediaType string, parts ...string) job.Chunk {
	t.Helper()
	p, err := b.db.BeginMultipart(t.Context(), store.Draft{
		Reference: operation.NewReference(), Kind: operation.Import, Collection: into, Lanes: 2,
		Request: staging.NewRequest(mediaType, 10, 1<<20, limits).Encode(),
	}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for i, content := range parts {
		w, err := b.db.NewPart(p.ID, i+1)
		if err != nil {
			t.Fatal(err)
		}
		for piece := range slices.Chunk([]byte(content), 100) {
			if err := w.Append(t.Context(), piece); err != nil {
				t.Fatal(err)
			}
		}
		sum := sha256.Sum256([]byte(content))
		if _, err := w.Commit(t.Context(), sum[:], 1<<20, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.db.FinishMultipart(t.Context(), p.ID, len(parts)); err != nil {
		t.Fatal(err)
	}
	return job.SplitOf(p.ID)
}

func (b bench) mustRead(t *testing.T, c job.Chunk) *operation.Operation {
	t.Helper()
	op, err := b.db.Operation(t.Context(), c.OperationID)
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func (b bench) count(t *testing.T, table string) (n int) {
	t.Helper()
	if err := b.sql.QueryRow(t.Context(), `SELECT count(*) FROM xforce.`+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func lines(n int) string {
	var all strings.Builder
	for i := range n {
		fmt.Fprintf(&all, `{"tool_id":"ä%d"}`+"\n", i)
	}
	return all.String()
}

func TestRecordsCrossTheBordersOfParts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	body := lines(45)
	c := b.finished(t, "tools", "application/x-ndjson", body[:13], body[13:14], body[14:700], "", body[700:])
	if err := b.split(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	op := b.mustRead(t, c)
	if op.State != operation.Running || op.Counts.Total != 45 || op.Chunks != 5 {
		t.Errorf("split as %+v", op)
	}
	row := 0
	err := b.db.Records(t.Context(), op.ID, operation.Unprocessed, func(n int, received []byte) error {
		row++
		if want := fmt.Sprintf(`{"tool_id":"ä%d"}`, row-1); n != row || string(received) != want {
			t.Errorf("record %d is %s, not %s", n, received, want)
		}
		return nil
	})
	if err != nil || row != 45 {
		t.Errorf("%d records, %v", row, err)
	}
	if n := b.count(t, "upload_parts") + b.count(t, "upload_pieces"); n != 0 {
		t.Errorf("%d rows of parts are left", n)
	}
	if n := b.redis.Client.LLen(t.Context(), "asynq:{imports}:pending").Val(); n != 2 {
		t.Errorf("%d chunks were dispatched instead of one for each lane", n)
	}
	if err := b.split(t.Context(), c); err != nil { // delivered twice
		t.Error(err)
	}
	if n := b.count(t, "task_chunks"); n != 6 {
		t.Errorf("%d chunks instead of 6", n)
	}
}

func TestWhatCannotBeReadFails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for code, parts := range map[string][]string{
		"MalformedJson":  {lines(25), "{"},
		"RecordTooLarge": {lines(25), `{"tool_id":"` + strings.Repeat("x", 1000) + `"}`},
		"TooManyRecords": {lines(1001)},
		"TooDeep":        {strings.Repeat("[", 9) + strings.Repeat("]", 9)},
		"NoRecords":      {"\n"},
		"EmptyBody":      {""},
		"NotUtf8":        {"\xff\xfe", "x"},
	} {
		c := b.finished(t, "tools", "application/x-ndjson", parts...)
		if _, parked := errors.AsType[*queue.ArchiveError](b.split(t.Context(), c)); !parked {
			t.Errorf("%s: its entry is not put aside", code)
		}
		op := b.mustRead(t, c)
		if op.State != operation.Failed || op.Failure == nil || op.Failure.Code != code || op.Failure.Message == "" || op.Counts.Total != 0 {
			t.Errorf("%s: ended as %+v, %+v", code, op, op.Failure)
		}
	}
	if n := b.count(t, "upload_parts") + b.count(t, "upload_pieces"); n != 0 {
		t.Errorf("%d rows of parts are left", n)
	}
	if n := b.count(t, "task_chunks WHERE seq >= 0"); n != 0 {
		t.Errorf("%d chunks are left", n)
	}
}

// What the database lacks is not the client's fault: the operation must not be told as a body that
// ends too early.
func TestAMissingPieceIsNotTheClients(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.finished(t, "tools", "application/x-ndjson", lines(25))
	if _, err := b.sql.Exec(t.Context(), `DELETE FROM xforce.upload_pieces WHERE seq = 2`); err != nil {
		t.Fatal(err)
	}
	var later *queue.RetryAfterError
	if err := b.split(t.Context(), c); !errors.As(err, &later) {
		t.Errorf("splitting: %v", err)
	}
	if op := b.mustRead(t, c); op.State != operation.Running {
		t.Errorf("ended as %s: %+v", op.State, op.Failure)
	}
}

func TestAnUnknownCollectionIsLeftToOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.finished(t, "spoons", "application/x-ndjson", lines(1))
	for range 5 { // more often than it may be tried
		if err := b.split(t.Context(), c); err == nil {
			t.Error("a collection was split that nobody knows")
		}
	}
	if op := b.mustRead(t, c); op.State.Terminal() {
		t.Errorf("ended as %s: %+v", op.State, op.Failure)
	}
}

func TestACancelledUploadIsCleared(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.finished(t, "tools", "application/x-ndjson", lines(1))
	if _, err := b.db.Cancel(t.Context(), c.OperationID); err != nil {
		t.Fatal(err)
	}
	if err := b.split(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if n := b.count(t, "upload_parts") + b.count(t, "upload_pieces"); n != 0 {
		t.Errorf("%d rows of parts are left", n)
	}
}
