package monitor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// Page is a part of a list of operations.
type Page struct {
	Operations []*operation.Operation
	// Next is the cursor of the page that follows; empty on the last.
	Next string
}

// Page lists operations from the latest accepted to the earliest, as many as the filter's limit says, from where a cursor points; an empty
// one points at the beginning. Pages neither repeat nor miss an operation, whatever arrives and goes in between. A fault of kind Malformed
// means that the cursor is none of a list with this filter.
func (m *Monitor) Page(ctx context.Context, f store.Filter, cursor string) (Page, error) {
	if cursor != "" {
		below, err := readCursor(f, cursor)
		if err != nil {
			return Page{}, err
		}
		f.Below = below
	}
	size := f.Limit
	f.Limit++ // one more, to know whether there are more
	found, err := m.store.List(ctx, f)
	if err != nil || len(found) <= size {
		return Page{Operations: found}, err
	}
	next, err := writeCursor(f, found[size-1].Number)
	return Page{Operations: found[:size], Next: next}, err
}

// ParseTime reads a time of a filter (RFC 3339). It refuses those that have no year of four digits in UTC, which neither a cursor nor the
// database can hold.
func ParseTime(text string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, text)
	t = t.UTC()
	return t, err == nil && t.Year() >= 1 && t.Year() < maxYear
}

// maxYear leaves a year to whoever rounds up.
const maxYear = 9999

// A cursor is the number of the last operation that was listed, and a mark of the filter that it belongs to.
const (
	numberSize = 8
	markSize   = 8
)

func writeCursor(f store.Filter, number int64) (string, error) {
	mark, err := markOf(f)
	if err != nil {
		return "", err
	}
	cursor := binary.BigEndian.AppendUint64(nil, uint64(number)) //nolint:gosec // it comes back the same way
	return base64.RawURLEncoding.EncodeToString(append(cursor, mark...)), nil
}

func readCursor(f store.Filter, cursor string) (number int64, err error) {
	mark, err := markOf(f)
	if err != nil {
		return 0, err
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil && len(raw) == numberSize+markSize && bytes.Equal(raw[numberSize:], mark) {
		number = int64(binary.BigEndian.Uint64(raw)) //nolint:gosec // as it was written
	}
	if number <= 0 {
		return 0, fault.New(fault.Malformed, "invalid-cursor",
			"This cursor does not continue the list that is asked for: it belongs to another filter, or was changed on the way. Begin without it.")
	}
	return number, nil
}

// markOf is the same for filters that let the same operations through, whatever the size of the page.
func markOf(f store.Filter) ([]byte, error) {
	f.Below, f.Limit = 0, 0
	f.CreatedFrom, f.CreatedBefore = f.CreatedFrom.UTC(), f.CreatedBefore.UTC()
	f.States = slices.Compact(slices.Sorted(slices.Values(f.States)))
	text, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("making a cursor: %w", err)
	}
	sum := sha256.Sum256(text)
	return sum[:markSize], nil
}
