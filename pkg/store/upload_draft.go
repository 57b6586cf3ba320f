package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
)

// Draft is what is known of an operation before it is accepted.
type Draft struct {
	// ID is the client's own; zero makes a new one.
	ID         uuid.UUID
	Reference  string
	Kind       operation.Kind
	Collection string
	// Lanes is how many of its chunks may be queued at once.
	Lanes int
	// Labels are the client's own names and values; nil means none.
	Labels map[string]string
	// Retention is how long it is kept after it is finished; 0 takes a week.
	Retention time.Duration
	// Request is what a search or a report is asked for; nil for an import.
	Request json.RawMessage
	// Digest identifies the request if the client gave an ID; nil otherwise.
	Digest []byte
	// PollWithin is how soon somebody must ask for it, again and again; 0 means never.
	PollWithin time.Duration
	// RequestID is the id of the request that begins it, for the logs of those who work on it; empty if there is none. Of a longer one, the
	// first 128 characters are kept.
	RequestID string
}

// maxRequestID is what the column takes, in characters.
const maxRequestID = 128

// ErrIDTaken tells that there is, or was, an operation of the same id: compare its PayloadDigest.
var ErrIDTaken = errors.New("there is an operation of this id")

// defaultRetention is what the column's default says, too.
const defaultRetention = 7 * 24 * time.Hour

func (d Draft) id() (uuid.UUID, error) {
	if d.ID != uuid.Nil {
		return d.ID, nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, fmt.Errorf("making an operation id: %w", err)
	}
	return id, nil
}

// columns are the values of an operation's first row, in the order of insertReceiving and insertAccepted.
func (d Draft) columns(id uuid.UUID) []any {
	name := string(d.Kind) + " " + d.Collection
	labels := d.Labels
	if labels == nil {
		labels = map[string]string{}
	}
	retention := d.Retention
	if retention == 0 {
		retention = defaultRetention
	}
	var pollWithin *time.Duration
	if d.PollWithin > 0 {
		pollWithin = &d.PollWithin
	}
	return []any{id, d.Reference, name, d.Kind, d.Collection, d.Lanes, labels, retention, d.Request, d.Digest, pollWithin, d.requestID()}
}

// requestID is the column's value: NULL for none.
func (d Draft) requestID() *string {
	if d.RequestID == "" {
		return nil
	}
	short := []rune(d.RequestID)
	kept := string(short[:min(len(short), maxRequestID)])
	return &kept
}
