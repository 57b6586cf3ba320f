package store_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

const noLimit = 1 << 40

// inPieces begins an upload in pieces.
func (f fixture) inPieces(t *testing.T) *store.MultipartUpload {
	t.Helper()
	begun, err := f.store.BeginMultipart(t.Context(), piecesDraft(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return begun
}

func piecesDraft() store.Draft {
	return store.Draft{
		Reference: operation.NewReference(), Kind: operation.Import, Collection: "tools", Lanes: 2,
		Request: json.RawMessage(`{"content_type":"application/json"}`),
	}
}

// put sends a part in pieces of three bytes.
func (f fixture) put(t *testing.T, p *store.MultipartUpload, part int, content string) (created bool, err error) {
	t.Helper()
	w, err := f.store.NewPart(p.ID, part)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.Discard(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	for piece := range slices.Chunk([]byte(content), 3) {
		if err := w.Append(t.Context(), piece); err != nil {
			return false, err
		}
	}
	sum := sha256.Sum256([]byte(content))
	return w.Commit(t.Context(), sum[:], noLimit, time.Hour)
}

func (f fixture) mustPut(t *testing.T, p *store.MultipartUpload, part int, content string) {
	t.Helper()
	if _, err := f.put(t, p, part, content); err != nil {
		t.Fatal(err)
	}
}

func (f fixture) mustFinish(t *testing.T, p *store.MultipartUpload) *operation.Operation {
	t.Helper()
	op, err := f.store.FinishMultipart(t.Context(), p.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func (f fixture) stream(t *testing.T, id uuid.UUID) string {
	t.Helper()
	r, err := f.store.ReadParts(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(r)
	if err != nil || r.Err() != nil {
		t.Fatal(err, r.Err())
	}
	return string(all)
}

func TestPartsComeInAnyOrderAndAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.inPieces(t)
	f.mustPut(t, p, 3, "ghi")
	f.mustPut(t, p, 1, "not the last word")
	f.mustPut(t, p, 2, "")
	created, err := f.put(t, p, 1, "abcdef")
	if err != nil || created {
		t.Errorf("a part that was there is new: %v, %v", created, err)
	}
	list, err := f.store.ListParts(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range list {
		got = append(got, fmt.Sprint(one.Number, one.Bytes))
	}
	if diff := cmp.Diff([]string{"1 6", "2 0", "3 3"}, got); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	if all := f.stream(t, p.ID); all != "abcdefghi" {
		t.Errorf("read %q", all)
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.upload_pieces`); n != 3 {
		t.Errorf("%d pieces are left instead of 3", n)
	}
}

func TestALongStreamCrossesBorders(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.inPieces(t)
	var want bytes.Buffer
	for part := 1; part <= 5; part++ {
		content := rand.Text()[:5*part] // from less than one query's pieces to more
		want.WriteString(content)
		f.mustPut(t, p, part, content)
	}
	if all := f.stream(t, p.ID); all != want.String() {
		t.Errorf("read %q instead of %q", all, want.String())
	}
}

func TestABrokenPartChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.inPieces(t)
	f.mustPut(t, p, 1, "kept")
	w, err := f.store.NewPart(p.ID, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(t.Context(), []byte("broken")); err != nil {
		t.Fatal(err)
	}
	if err := w.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all := f.stream(t, p.ID); all != "kept" {
		t.Errorf("read %q", all)
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.upload_pieces`); n != 2 {
		t.Errorf("%d pieces are left instead of 2", n)
	}
}

// What is missing in the database must never be taken for a short body.
func TestAMissingPieceIsAnError(t *testing.T) {
	t.Parallel()
	for name, where := range map[string]string{"first": "seq = 0", "last": "seq = 3", "all": "TRUE"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			p := f.inPieces(t)
			f.mustPut(t, p, 1, "abcdefghijkl")
			f.exec(t, `DELETE FROM xforce.upload_pieces WHERE `+where)
			r, err := f.store.ReadParts(t.Context(), p.ID)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(r); err == nil || r.Err() == nil {
				t.Errorf("read without an error: %v, %v", err, r.Err())
			}
		})
	}
}

func TestAllPartsTogetherAreBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.inPieces(t)
	f.mustPut(t, p, 1, "four")
	keep := func(part int, content string) error {
		w, err := f.store.NewPart(p.ID, part)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Append(t.Context(), []byte(content)); err != nil {
			t.Fatal(err)
		}
		_, err = w.Commit(t.Context(), []byte("digest"), 10, time.Hour)
		return errors.Join(err, w.Discard(t.Context()))
	}
	if err := keep(2, "sevenxx"); !fault.Is(err, fault.TooLarge) || fault.Of(err).Code != "upload-too-large" {
		t.Errorf("eleven bytes of ten: %v", err)
	}
	if err := keep(2, "sixxxx"); err != nil {
		t.Errorf("ten bytes of ten: %v", err)
	}
	if err := keep(1, "3xx"); err != nil {
		t.Errorf("a smaller part in place of one that was there: %v", err)
	}
}

func TestFinishingNeedsAllParts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.inPieces(t)
	expect := func(expected int, code string, missing ...int) {
		t.Helper()
		_, err := f.store.FinishMultipart(t.Context(), p.ID, expected)
		problem := fault.Of(err)
		if problem.Kind != fault.Conflict || problem.Code != code {
			t.Errorf("finishing with %d parts expected: %v", expected, err)
		}
		if missing != nil {
			if diff := cmp.Diff(missing, problem.Details["missing"]); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
		}
	}
	expect(0, "upload-incomplete", 1)
	f.mustPut(t, p, 5, "x")
	f.mustPut(t, p, 2, "x")
	expect(0, "upload-incomplete", 1, 3, 4)
	for _, n := range []int{1, 3, 4} {
		f.mustPut(t, p, n, "x")
	}
	expect(7, "upload-incomplete", 6, 7)
	expect(4, "too-many-parts")
	op, err := f.store.FinishMultipart(t.Context(), p.ID, 5)
	if err != nil || op.State != operation.Waiting || op.Counts.Total != 0 || op.Chunks != 0 || op.Phase == "" {
		t.Fatalf("finished as %+v, %v", op, err)
	}
	again, err := f.store.FinishMultipart(t.Context(), p.ID, 0)
	if err != nil || again.Number != op.Number {
		t.Errorf("finished again as %+v, %v", again, err)
	}
	due, err := f.store.DueChunks(t.Context(), 10)
	if err != nil || len(due) != 1 || due[0].Seq != -1 || due[0].Kind != "import:split" {
		t.Errorf("due: %v, %v", due, err)
	}
}

// Many finish the same upload at once: it is one operation.
func TestFinishingTogether(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.inPieces(t)
	f.mustPut(t, p, 1, "x")
	numbers := make(chan int64, 8)
	var all sync.WaitGroup
	for range cap(numbers) {
		all.Go(func() {
			op, err := f.store.FinishMultipart(t.Context(), p.ID, 0)
			if err != nil {
				t.Error(err)
				return
			}
			numbers <- op.Number
		})
	}
	all.Wait()
	close(numbers)
	first := <-numbers
	for n := range numbers {
		if n != first {
			t.Errorf("numbers %d and %d", first, n)
		}
	}
}

func TestAFinishedUploadTakesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.inPieces(t)
	f.mustPut(t, p, 1, "x")
	w, err := f.store.NewPart(p.ID, 1) // on its way when the upload is finished
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(t.Context(), []byte("late")); err != nil {
		t.Fatal(err)
	}
	f.mustFinish(t, p)
	if _, err := w.Commit(t.Context(), []byte("digest"), noLimit, time.Hour); !fault.Is(err, fault.Conflict) {
		t.Errorf("keeping a late part: %v", err)
	}
	if err := w.Append(t.Context(), []byte("late")); !fault.Is(err, fault.Conflict) {
		t.Errorf("sending a late piece: %v", err)
	}
	if err := w.Touch(t.Context(), time.Hour); !fault.Is(err, fault.Conflict) {
		t.Errorf("touching: %v", err)
	}
	if err := f.store.DropMultipart(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if all := f.stream(t, p.ID); all != "x" {
		t.Errorf("read %q", all)
	}
	found, err := f.store.MultipartUpload(t.Context(), p.ID)
	if err != nil || !found.Finished || !found.ExpiresAt.IsZero() {
		t.Errorf("found as %+v, %v", found, err)
	}
}

func TestAbortedUploadsLeaveNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p, other := f.inPieces(t), f.inPieces(t)
	for part := range 3 {
		f.mustPut(t, p, part+1, rand.Text()+rand.Text()+rand.Text()+rand.Text()+rand.Text()+rand.Text()+rand.Text()) // more than a batch
	}
	f.mustPut(t, other, 1, "x")
	if err := f.store.DropMultipart(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if n := f.count(t, `SELECT (SELECT count(*) FROM xforce.tasks) + (SELECT count(*) FROM xforce.upload_parts) + (SELECT count(*) FROM xforce.upload_pieces)`); n != 3 {
		t.Errorf("%d rows are left, not the 3 of the other upload", n)
	}
	if _, err := f.put(t, p, 1, "x"); !fault.Is(err, fault.NotFound) {
		t.Errorf("sending a part to an aborted upload: %v", err)
	}
	if _, err := f.store.FinishMultipart(t.Context(), p.ID, 0); !fault.Is(err, fault.NotFound) {
		t.Errorf("finishing an aborted upload: %v", err)
	}
}

func TestUploadsInPiecesAreGivenUpAtTheirTime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.inPieces(t)
	f.mustPut(t, p, 1, "x")
	expect := func(when string, want ...uuid.UUID) {
		t.Helper()
		abandoned, err := f.store.AbandonedUploads(t.Context(), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(want, abandoned) {
			t.Errorf("%s: %v are abandoned, not %v", when, abandoned, want)
		}
	}
	f.exec(t, `UPDATE xforce.tasks SET updated_at = now() - interval '1 day'`)
	expect("untouched for long, but in its time")
	if err := f.store.DropUpload(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	if all := f.stream(t, p.ID); all != "x" {
		t.Error("an upload in its time was dropped")
	}
	f.exec(t, `UPDATE xforce.tasks SET expires_at = now() - interval '1 second'`)
	expect("after its time", p.ID)
	f.mustPut(t, p, 2, "y") // puts it off
	expect("after another part")
	f.exec(t, `UPDATE xforce.tasks SET expires_at = now() - interval '1 second'`)
	if err := f.store.DropUpload(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	if n := f.count(t, `SELECT (SELECT count(*) FROM xforce.tasks) + (SELECT count(*) FROM xforce.upload_pieces)`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// An api that dies while it drops an upload leaves it doomed: the janitor must find it before its time.
func TestDoomedUploadsInPiecesAreFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.inPieces(t)
	f.mustPut(t, p, 1, "x")
	tx, err := f.sql.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SELECT FROM xforce.upload_parts FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	dying, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := f.store.DropMultipart(dying, p); err == nil {
		t.Error("a part was dropped that somebody holds")
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if abandoned, err := f.store.AbandonedUploads(t.Context(), time.Hour); err != nil || len(abandoned) != 1 {
		t.Errorf("abandoned: %v, %v", abandoned, err)
	}
	if err := f.store.DropUpload(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.tasks`); n != 0 {
		t.Error("it is still there")
	}
}
