// Package submission is what every request that begins an operation has in common, whatever it begins: the terms that its headers set,
// the first ring of the bell, and the addresses and hints of the 202.
package submission

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// Headers are what a client may say in headers of any request that begins an operation.
type Headers struct {
	// ID is the client's own (Operation-Id); zero if it gave none.
	ID uuid.UUID
	// RequestID is the id of the request, which the server gives to every one (X-Request-Id).
	RequestID string
	// Labels are its own names and values (Longshore-Labels); nil if it gave none.
	Labels map[string]string
	// Retention is how long the operation is kept after it is finished (Longshore-Retention, or the kind's default).
	Retention time.Duration
	// Wait is how long the client would rather wait for the end than poll (Prefer: wait=n, RFC 7240); 0 if it did not say.
	Wait time.Duration
}

// RetentionRange bounds how long the operations of a kind are kept after they are finished.
type RetentionRange struct {
	Default, Min, Max time.Duration
}

// Policy is what a client may ask for.
type Policy struct {
	// Retention has a span for each kind.
	Retention map[operation.Kind]RetentionRange
	// MaxWait bounds Prefer: wait; more is taken as that.
	MaxWait time.Duration
}

// Read reads the terms of a request that begins an operation of the kind. What can't be taken is a fault of kind Malformed that says what can.
func (p Policy) Read(r *http.Request, kind operation.Kind) (Headers, error) {
	id, err := readID(r.Header)
	if err != nil {
		return Headers{}, err
	}
	labels, err := readLabels(r.Header)
	if err != nil {
		return Headers{}, err
	}
	retention, err := p.readRetention(r.Header, kind)
	if err != nil {
		return Headers{}, err
	}
	return Headers{ID: id, RequestID: r.Header.Get(edge.RequestIDHeader), Labels: labels, Retention: retention, Wait: p.Wait(r.Header)}, nil
}

// Draft begins the draft of an operation with the terms.
func (t Headers) Draft(kind operation.Kind, collection string, lanes int) store.Draft {
	return store.Draft{
		ID: t.ID, Reference: operation.NewReference(), Kind: kind, Collection: collection, Lanes: lanes,
		Labels: t.Labels, Retention: t.Retention, RequestID: t.RequestID,
	}
}

// readID takes a UUID, as Azure's guidelines suggest.
func readID(h http.Header) (uuid.UUID, error) {
	text := h.Get("Operation-Id")
	if text == "" {
		return uuid.Nil, nil
	}
	id, err := uuid.Parse(text)
	if err != nil || id == uuid.Nil {
		return uuid.Nil, fault.New(fault.Malformed, "invalid-operation-id", "Operation-Id must be a UUID that is not all zeros.")
	}
	return id, nil
}

func (p Policy) readRetention(h http.Header, kind operation.Kind) (time.Duration, error) {
	span := p.Retention[kind]
	text := h.Get("Longshore-Retention")
	if text == "" {
		return span.Default, nil
	}
	asked, err := parseSpan(text)
	if err != nil || asked < span.Min || asked > span.Max {
		return 0, fault.New(fault.Malformed, "invalid-retention",
			"Longshore-Retention must be seconds, or a number with s, m, h or d, from %s to %s.", span.Min, span.Max).
			With("least_seconds", int(span.Min.Seconds())).With("most_seconds", int(span.Max.Seconds()))
	}
	return asked, nil
}
