// Package quota describes how much tenants and keys may use, and what they have used.
package quota

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Limits are what a tenant or a key may use. 0 means no limit.
type Limits struct {
	// RequestsPerDay, BytesPerDay and RecordsPerDay are counted from midnight to midnight (UTC).
	RequestsPerDay int64 `json:"requests_per_day,omitempty"`
	BytesPerDay    int64 `json:"bytes_per_day,omitempty"`
	RecordsPerDay  int64 `json:"records_per_day,omitempty"`
	// ConcurrentOperations is how many operations may be unfinished, and QueuedOperations how many of them
	// may not have started.
	ConcurrentOperations int64 `json:"concurrent_operations,omitempty"`
	QueuedOperations     int64 `json:"queued_operations,omitempty"`
	// StagedBytes is how many bytes may be stored for operations until their data is deleted.
	StagedBytes int64 `json:"staged_bytes,omitempty"`
}

// Parse parses limits. Its error is for the person who wrote them.
func Parse(text []byte) (l Limits, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return Limits{}, fmt.Errorf("limits must be a JSON object with numbers: requests_per_day, bytes_per_day, records_per_day,"+
			" concurrent_operations, queued_operations, staged_bytes: %w", err)
	}
	if dec.More() {
		return Limits{}, errors.New("limits must be one JSON object")
	}
	for name, limit := range l.named() {
		if limit < 0 {
			return Limits{}, fmt.Errorf("%s must not be negative", name)
		}
	}
	return l, nil
}

func (l Limits) named() map[string]int64 {
	return map[string]int64{
		"requests_per_day": l.RequestsPerDay, "bytes_per_day": l.BytesPerDay, "records_per_day": l.RecordsPerDay,
		"concurrent_operations": l.ConcurrentOperations, "queued_operations": l.QueuedOperations, "staged_bytes": l.StagedBytes,
	}
}

// None reports whether nothing is limited.
func (l Limits) None() bool { return l == Limits{} }

// Usage is what was used on a day.
type Usage struct {
	Requests, Bytes, Records int64
}

// Add adds what was used besides.
func (u *Usage) Add(more Usage) {
	u.Requests += more.Requests
	u.Bytes += more.Bytes
	u.Records += more.Records
}

// Account is whose limits apply to a request: those of a tenant and of one of its keys. A key can use no
// more than its tenant has left.
type Account struct {
	Tenant string
	// KeyID is the id of the key; empty for a principal without one, which has no limits of its own.
	KeyID     string
	OfTenant  Limits
	OfKey     Limits
	Principal string
}

// None reports whether nothing is limited.
func (a Account) None() bool { return a.OfTenant.None() && a.OfKey.None() }

type contextKey struct{}

// With returns a context that carries the account of a request.
func With(ctx context.Context, a *Account) context.Context {
	return context.WithValue(ctx, contextKey{}, a)
}

// Of returns the account of a context; nil if nothing is limited.
func Of(ctx context.Context) *Account {
	a, _ := ctx.Value(contextKey{}).(*Account)
	return a
}

// Day returns the day to which usage at a time counts, and when the next day begins.
func Day(at time.Time) (day, next time.Time) {
	day = at.UTC().Truncate(24 * time.Hour)
	return day, day.Add(24 * time.Hour)
}

// retryAfter is the Retry-After for limits that are not by day: operations end all the time.
const retryAfter = 5 * time.Second

// Exceeded returns the fault for a limit that a request would exceed, of kind TooMany. whose is "tenant" or
// "key"; resets is when the limit by day begins again, or the zero time.
func Exceeded(whose, limit string, allowed, used int64, resets time.Time) error {
	f := fault.New(fault.TooMany, "quota-exceeded", "The %s has used up its limit %s of %d. GET /limits shows all limits.", whose, limit, allowed).
		With("limit", limit).With("allowed", allowed).With("used", used).With("of", whose)
	if resets.IsZero() {
		return f.RetryAfter(retryAfter)
	}
	return f.With("resets_at", resets.UTC()).RetryAfter(time.Until(resets).Truncate(time.Second) + time.Second)
}
