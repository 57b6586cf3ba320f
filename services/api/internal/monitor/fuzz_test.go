package monitor

import (
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
)

// FuzzReadCursor reads cursors that clients changed. Only a cursor of the same filter is accepted, in
// the one form in which it was written.
func FuzzReadCursor(f *testing.F) {
	written, err := writeCursor(store.Filter{Collection: "tools"}, 7)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(written, "tools")
	f.Add(written+"=", "tools")
	f.Add(written, "tool")
	f.Fuzz(func(t *testing.T, cursor, collection string) {
		filter := store.Filter{Collection: collection}
		number, err := readCursor(filter, cursor)
		if err != nil {
			if !fault.Is(err, fault.Malformed) {
				t.Errorf("readCursor(%q) = %v, want a fault of kind Malformed", cursor, err)
			}
			return
		}
		again, err := writeCursor(filter, number)
		if err != nil || number < 1 || again != cursor {
			t.Errorf("readCursor(%q) = %d, which is written as %q (%v), want the same", cursor, number, again, err)
		}
	})
}

// FuzzParseTime checks that an accepted time is one that Postgres and RFC 3339 can represent.
func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"2026-11-22T09:00:00Z", "9998-12-31T23:59:59-12:00", "2026-11-22T09:00:00,5Z", "2026-11-22T9:00:00Z", "2026-11-22T09:00:00+24:00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := ParseTime(text)
		if !ok {
			return
		}
		var strict time.Time
		if err := strict.UnmarshalText([]byte(text)); err != nil || !strict.Equal(got) { // it checks RFC 3339 strictly
			t.Errorf("ParseTime(%q) = %v, want an error as %v", text, got, err)
		}
	})
}
