package store_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"testing"
)

func TestPartsReaderCrossesParts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.beginMultipart(t)
	var want bytes.Buffer
	for part := 1; part <= 5; part++ {
		content := rand.Text()[:5*part] // from fewer blocks than one query reads to more
		want.WriteString(content)
		f.mustPut(t, u, part, content)
	}
	if got := f.readParts(t, u.ID); got != want.String() {
		t.Errorf("parts = %q, want %q", got, want.String())
	}
}

// TestPartsReaderDetectsMissingBlocks: missing rows must never look like a short body.
func TestPartsReaderDetectsMissingBlocks(t *testing.T) {
	t.Parallel()
	for name, where := range map[string]string{"first": "seq = 0", "last": "seq = 3", "all": "TRUE"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			u := f.beginMultipart(t)
			f.mustPut(t, u, 1, "abcdefghijkl")
			f.exec(t, `DELETE FROM xforce.upload_pieces WHERE `+where)
			r, err := f.store.ReadParts(t.Context(), u.ID)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(r); err == nil || r.Err() == nil {
				t.Errorf("ReadAll() = %v, Err() = %v, want errors", err, r.Err())
			}
		})
	}
}

func TestPartsFileReadsAnywhere(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.beginMultipart(t)
	want := ""
	for part := 1; part <= 4; part++ {
		content := rand.Text()[:6*part]
		want += content
		f.mustPut(t, u, part, content)
	}
	file, err := f.store.OpenParts(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if file.Size() != int64(len(want)) {
		t.Errorf("Size() = %d, want %d", file.Size(), len(want))
	}
	for _, at := range []struct{ from, to int }{{0, len(want)}, {len(want) - 1, len(want)}, {3, 30}, {0, 1}, {29, 31}} {
		got := make([]byte, at.to-at.from)
		if n, err := file.ReadAt(got, int64(at.from)); err != nil || string(got[:n]) != want[at.from:at.to] {
			t.Errorf("ReadAt(%d) = %q, %v, want %q", at.from, got[:n], err, want[at.from:at.to])
		}
	}
	if n, err := file.ReadAt(make([]byte, 2), int64(len(want)-1)); n != 1 || !errors.Is(err, io.EOF) {
		t.Errorf("ReadAt() across the end = %d, %v, want 1, io.EOF", n, err)
	}
	if file.Err() != nil {
		t.Errorf("Err() = %v, want nil", file.Err())
	}
}

func TestPartsFileDetectsMissingBlocks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.beginMultipart(t)
	f.mustPut(t, u, 1, "abcdefghijkl")
	file, err := f.store.OpenParts(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	f.exec(t, `DELETE FROM xforce.upload_pieces WHERE seq = 2`)
	if _, err := file.ReadAt(make([]byte, 12), 0); err == nil || file.Err() == nil {
		t.Errorf("ReadAt() = %v, Err() = %v, want errors", err, file.Err())
	}
	if _, err := f.store.OpenParts(t.Context(), u.ID); err == nil {
		t.Error("OpenParts() = nil, want an error")
	}
}
