package store_test

import (
	"bytes"
	"crypto/rand"
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
