package store_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

const noLimit = 1 << 40

// beginMultipart starts a multipart upload.
func (f fixture) beginMultipart(t *testing.T) *store.MultipartUpload {
	t.Helper()
	u, err := f.store.BeginMultipart(t.Context(), store.Draft{
		Reference: operation.NewReference(), Kind: operation.Import, Collection: "tools", Lanes: 2,
		Request: json.RawMessage(`{"content_type":"application/json"}`),
	}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// put stores a part in blocks of three bytes.
func (f fixture) put(t *testing.T, u *store.MultipartUpload, part int, content string) (created bool, err error) {
	t.Helper()
	w, err := f.store.NewPart(u.ID, part)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.Discard(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	for block := range slices.Chunk([]byte(content), 3) {
		if err := w.Append(t.Context(), block); err != nil {
			return false, err
		}
	}
	sum := sha256.Sum256([]byte(content))
	return w.Commit(t.Context(), sum[:], noLimit, time.Hour)
}

func (f fixture) mustPut(t *testing.T, u *store.MultipartUpload, part int, content string) {
	t.Helper()
	if _, err := f.put(t, u, part, content); err != nil {
		t.Fatal(err)
	}
}

func (f fixture) finish(t *testing.T, u *store.MultipartUpload) *operation.Operation {
	t.Helper()
	op, err := f.store.FinishMultipart(t.Context(), u.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// readParts reads all parts as one text.
func (f fixture) readParts(t *testing.T, id uuid.UUID) string {
	t.Helper()
	r, err := f.store.ReadParts(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil || r.Err() != nil {
		t.Fatalf("ReadAll() = %v, Err() = %v, want nil", err, r.Err())
	}
	return string(text)
}

func TestDropMultipart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u, other := f.beginMultipart(t), f.beginMultipart(t)
	for part := range 3 {
		f.mustPut(t, u, part+1, rand.Text()+rand.Text()+rand.Text()+rand.Text()+rand.Text()+rand.Text()+rand.Text()) // more than a batch
	}
	f.mustPut(t, other, 1, "x")
	if err := f.store.DropMultipart(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	const rows = `SELECT (SELECT count(*) FROM xforce.tasks) + (SELECT count(*) FROM xforce.upload_parts) + (SELECT count(*) FROM xforce.upload_pieces)`
	if got := f.count(t, rows); got != 3 {
		t.Errorf("%d rows are left, want the 3 of the other upload", got)
	}
	if _, err := f.put(t, u, 1, "x"); !fault.Is(err, fault.NotFound) {
		t.Errorf("storing a part of a dropped upload = %v, want a fault of kind NotFound", err)
	}
	if _, err := f.store.FinishMultipart(t.Context(), u.ID, 0); !fault.Is(err, fault.NotFound) {
		t.Errorf("FinishMultipart() of a dropped upload = %v, want a fault of kind NotFound", err)
	}
}

// TestDropMultipartDuringAppend: the drop succeeds, and the janitor deletes a block that arrives
// meanwhile.
func TestDropMultipartDuringAppend(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.beginMultipart(t)
	f.exec(t, `CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO xforce.upload_pieces (task_id, version, seq, byte_count, payload) VALUES (OLD.task_id, gen_random_uuid(), 0, 0, '');
  RETURN OLD; END $$`)
	f.exec(t, `CREATE TRIGGER late BEFORE DELETE ON xforce.tasks FOR EACH ROW EXECUTE FUNCTION late()`)
	if err := f.store.DropMultipart(t.Context(), u); err != nil {
		t.Errorf("DropMultipart() = %v, want nil", err)
	}
	f.exec(t, `DROP TRIGGER late ON xforce.tasks`)
	if err := f.store.DropUpload(t.Context(), u.ID); err != nil {
		t.Errorf("DropUpload() = %v, want nil", err)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.tasks`); got != 0 {
		t.Errorf("%d uploads are left, want 0", got)
	}
}

func TestAbandonedUploadsFindsExpiredMultipart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.beginMultipart(t)
	f.mustPut(t, u, 1, "x")
	expect := func(when string, want ...uuid.UUID) {
		t.Helper()
		got, err := f.store.AbandonedUploads(t.Context(), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(want, got) {
			t.Errorf("AbandonedUploads() %s = %v, want %v", when, got, want)
		}
	}
	f.exec(t, `UPDATE xforce.tasks SET updated_at = now() - interval '1 day'`)
	expect("before the expiry")
	if err := f.store.DropUpload(t.Context(), u.ID); err != nil {
		t.Fatal(err)
	}
	if got := f.readParts(t, u.ID); got != "x" {
		t.Errorf("parts after DropUpload() before the expiry = %q, want x", got)
	}
	f.exec(t, `UPDATE xforce.tasks SET expires_at = now() - interval '1 second'`)
	expect("after the expiry", u.ID)
	f.mustPut(t, u, 2, "y") // extends the expiry
	expect("after another part")
	f.exec(t, `UPDATE xforce.tasks SET expires_at = now() - interval '1 second'`)
	if err := f.store.DropUpload(t.Context(), u.ID); err != nil {
		t.Fatal(err)
	}
	if got := f.count(t, `SELECT (SELECT count(*) FROM xforce.tasks) + (SELECT count(*) FROM xforce.upload_pieces)`); got != 0 {
		t.Errorf("%d rows are left, want 0", got)
	}
}

// TestAbandonedUploadsFindsDroppedMultipart: a drop whose deletion fails is no error for the client. It
// leaves a mark, by which the janitor finds the upload before its expiry.
func TestAbandonedUploadsFindsDroppedMultipart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.beginMultipart(t)
	f.mustPut(t, u, 1, "x")
	f.exec(t, `CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'died'; END $$`)
	f.exec(t, `CREATE TRIGGER die BEFORE DELETE ON xforce.upload_parts FOR EACH ROW EXECUTE FUNCTION die()`)
	if err := f.store.DropMultipart(t.Context(), u); err != nil {
		t.Errorf("DropMultipart() = %v, want nil once the upload is marked", err)
	}
	f.exec(t, `DROP TRIGGER die ON xforce.upload_parts`)
	if got, err := f.store.AbandonedUploads(t.Context(), time.Hour); err != nil || !slices.Equal(got, []uuid.UUID{u.ID}) {
		t.Errorf("AbandonedUploads() = %v, %v, want %v", got, err, u.ID)
	}
	if err := f.store.DropUpload(t.Context(), u.ID); err != nil {
		t.Fatal(err)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.tasks`); got != 0 {
		t.Errorf("%d uploads are left, want 0", got)
	}
}

// TestAbandonedUploadsFindsMultipartDroppedByOthers: a janitor of the first release does not know
// multipart uploads and marks one long before its expiry.
func TestAbandonedUploadsFindsMultipartDroppedByOthers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.beginMultipart(t)
	f.exec(t, `UPDATE xforce.tasks SET is_active = FALSE`)
	if got, err := f.store.AbandonedUploads(t.Context(), time.Hour); err != nil || !slices.Equal(got, []uuid.UUID{u.ID}) {
		t.Errorf("AbandonedUploads() = %v, %v, want %v", got, err, u.ID)
	}
}
