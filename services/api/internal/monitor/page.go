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

// Page is one page of a list of operations.
type Page struct {
	Operations []*operation.Operation
	// Next is the cursor of the next page; empty on the last.
	Next string
}

// Page returns the operations after a cursor, the most recently accepted first, at most as many as
// the limit of the filter, and perhaps fewer although others follow (see store.Listing). An empty
// cursor starts at the beginning. Pages neither repeat nor skip
// operations, even if others are accepted or expire in between. It returns a fault of kind Malformed
// if the cursor is invalid or belongs to another filter.
func (m *Monitor) Page(ctx context.Context, f store.Filter, cursor string) (Page, error) {
	if cursor != "" {
		below, err := readCursor(f, cursor)
		if err != nil {
			return Page{}, err
		}
		f.Below = below
	}
	found, err := m.List(ctx, f)
	if err != nil || found.Next == 0 {
		return Page{Operations: found.Operations}, err
	}
	next, err := writeCursor(f, found.Next)
	return Page{Operations: found.Operations, Next: next}, err
}

// ParseTime parses a time of a filter (RFC 3339). It rejects years with other than four digits in
// UTC, which neither a cursor nor the database can represent.
func ParseTime(text string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, text)
	t = t.UTC()
	return t, err == nil && t.Year() >= 1 && t.Year() < maxYear
}

// maxYear leaves one year for rounding up.
const maxYear = 9999

// A cursor contains the number below which the list continues, and a hash of the filter.
const (
	numberSize = 8
	hashSize   = 8
)

func writeCursor(f store.Filter, number int64) (string, error) {
	hash, err := hashFilter(f)
	if err != nil {
		return "", err
	}
	cursor := binary.BigEndian.AppendUint64(nil, uint64(number)) //nolint:gosec // readCursor converts it back
	return base64.RawURLEncoding.EncodeToString(append(cursor, hash...)), nil
}

func readCursor(f store.Filter, cursor string) (number int64, err error) {
	hash, err := hashFilter(f)
	if err != nil {
		return 0, err
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil && len(raw) == numberSize+hashSize && bytes.Equal(raw[numberSize:], hash) {
		number = int64(binary.BigEndian.Uint64(raw)) //nolint:gosec // writeCursor converted it
	}
	if number <= 0 {
		return 0, fault.New(fault.Malformed, "invalid-cursor",
			"This cursor does not continue the list that is asked for: it belongs to another filter, or was changed on the way. Begin without it.")
	}
	return number, nil
}

// hashFilter returns equal hashes for filters that select the same operations, for any page size.
func hashFilter(f store.Filter) ([]byte, error) {
	f.Below, f.Limit = 0, 0
	f.CreatedFrom, f.CreatedBefore = f.CreatedFrom.UTC(), f.CreatedBefore.UTC()
	f.States = slices.Compact(slices.Sorted(slices.Values(f.States)))
	text, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encoding a filter: %w", err)
	}
	sum := sha256.Sum256(text)
	return sum[:hashSize], nil
}
