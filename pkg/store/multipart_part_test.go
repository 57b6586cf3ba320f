package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
)

func TestPartsInAnyOrderAndAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.beginMultipart(t)
	f.mustPut(t, u, 3, "ghi")
	f.mustPut(t, u, 1, "not the last word")
	f.mustPut(t, u, 2, "")
	created, err := f.put(t, u, 1, "abcdef")
	if err != nil || created {
		t.Errorf("Commit() of an existing part = %v, %v, want false", created, err)
	}
	parts, err := f.store.ListParts(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := []store.Part{{Number: 1, Bytes: 6}, {Number: 2, Bytes: 0}, {Number: 3, Bytes: 3}}
	if diff := cmp.Diff(want, parts, cmpopts.IgnoreFields(store.Part{}, "Digest")); diff != "" {
		t.Errorf("ListParts() (-want +got):\n%s", diff)
	}
	if got, want := f.readParts(t, u.ID), "abcdefghi"; got != want {
		t.Errorf("parts = %q, want %q", got, want)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.upload_pieces`); got != 3 {
		t.Errorf("%d blocks are stored, want 3", got)
	}
}

func TestDiscardKeepsEarlierPart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.beginMultipart(t)
	f.mustPut(t, u, 1, "kept")
	w, err := f.store.NewPart(u.ID, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(t.Context(), []byte("broken")); err != nil {
		t.Fatal(err)
	}
	if err := w.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := f.readParts(t, u.ID), "kept"; got != want {
		t.Errorf("parts = %q, want %q", got, want)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.upload_pieces`); got != 2 {
		t.Errorf("%d blocks are stored, want 2", got)
	}
}

func TestCommitLimitsAllParts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.beginMultipart(t)
	f.mustPut(t, u, 1, "four")
	commit := func(part int, content string) error {
		w, err := f.store.NewPart(u.ID, part)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Append(t.Context(), []byte(content)); err != nil {
			t.Fatal(err)
		}
		_, err = w.Commit(t.Context(), []byte("digest"), 10, time.Hour)
		return errors.Join(err, w.Discard(t.Context()))
	}
	if err := commit(2, "sevenxx"); !fault.Is(err, fault.TooLarge) || fault.Of(err).Code != "upload-too-large" {
		t.Errorf("Commit() of the 11th byte = %v, want the fault upload-too-large", err)
	}
	if err := commit(2, "sixxxx"); err != nil {
		t.Errorf("Commit() of the 10th byte = %v, want nil", err)
	}
	if err := commit(1, "3xx"); err != nil {
		t.Errorf("Commit() of a smaller part under the same number = %v, want nil", err)
	}
}

func TestFinishedUploadRejectsWrites(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.beginMultipart(t)
	f.mustPut(t, u, 1, "x")
	w, err := f.store.NewPart(u.ID, 1) // started before the upload is finished
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(t.Context(), []byte("late")); err != nil {
		t.Fatal(err)
	}
	f.finish(t, u)
	if _, err := w.Commit(t.Context(), []byte("digest"), noLimit, time.Hour); !fault.Is(err, fault.Conflict) {
		t.Errorf("Commit() = %v, want a fault of kind Conflict", err)
	}
	if err := w.Append(t.Context(), []byte("late")); !fault.Is(err, fault.Conflict) {
		t.Errorf("Append() = %v, want a fault of kind Conflict", err)
	}
	if err := w.Touch(t.Context(), time.Hour); !fault.Is(err, fault.Conflict) {
		t.Errorf("Touch() = %v, want a fault of kind Conflict", err)
	}
	if err := f.store.DropMultipart(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	if got := f.readParts(t, u.ID); got != "x" {
		t.Errorf("parts after DropMultipart() = %q, want x", got)
	}
	found, err := f.store.MultipartUpload(t.Context(), u.ID)
	if err != nil || !found.Finished || !found.ExpiresAt.IsZero() {
		t.Errorf("MultipartUpload() = %+v, %v, want finished without an expiry", found, err)
	}
}
