package submission

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
)

// Acceptor stores operations that need no records, and finds them again. *store.Store is one.
type Acceptor interface {
	Finder
	Accept(ctx context.Context, draft store.Draft) (*operation.Operation, error)
}

// Finder finds an operation by its id; those that are still receiving are not there, tombstones are. Uploads in pieces are found by Parts.
type Finder interface {
	Operation(ctx context.Context, id uuid.UUID) (*operation.Operation, error)
	MultipartUpload(ctx context.Context, id uuid.UUID) (*store.MultipartUpload, error)
}

// Accept stores an operation that needs no records. If the client gave an id that is in use, draft.Digest decides: a request like the one
// before is answered with its operation, and repeated is true, so that nothing is begun twice; the faults of everything else are those of
// Repeated.
func Accept(ctx context.Context, s Acceptor, draft store.Draft) (op *operation.Operation, repeated bool, err error) {
	op, err = s.Accept(ctx, draft)
	if !errors.Is(err, store.ErrIDTaken) {
		return op, false, err
	}
	op, err = FindRepeated(ctx, s, draft.ID, draft.Digest)
	return op, true, err
}

// FindRepeated returns the operation of an id that is in use, if the digest is that of the request that made it: Azure's guidelines call that a
// retry. The error is a fault otherwise: of kind Malformed if the id stands for something else, Conflict if what it stands for is still being
// received, Gone if it is a tombstone.
func FindRepeated(ctx context.Context, s Finder, id uuid.UUID, digest []byte) (*operation.Operation, error) {
	op, err := s.Operation(ctx, id)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, PendingIDError(ctx, s, id)
	case err != nil:
		return nil, err
	case len(digest) == 0 || !bytes.Equal(op.PayloadDigest, digest):
		return nil, IDInUseError()
	case op.Expired:
		return nil, fault.New(fault.Gone, "operation-expired",
			"The operation of this Operation-Id is gone since %s. Give another id to do it again.", op.ExpiresAt.Format(time.RFC3339))
	}
	return op, nil
}

// receivingRetry is when a client should ask again whose id is still being received.
const receivingRetry = 2 * time.Second

// PendingIDError tells why an id can't be had that is in use, but has no operation yet: its first request has not ended, and waiting helps, or it
// stands for an upload in pieces, which is no other request's.
func PendingIDError(ctx context.Context, s Finder, id uuid.UUID) error {
	_, err := s.MultipartUpload(ctx, id)
	switch {
	case err == nil:
		return IDInUseError()
	case !fault.Is(err, fault.NotFound):
		return err
	}
	return fault.New(fault.Conflict, "operation-id-receiving",
		"A request with this Operation-Id is still being received. Wait for its answer, or send the same again later.").
		RetryAfter(receivingRetry)
}

// IDInUseError is the fault of an id that stands for something else.
func IDInUseError() error {
	return fault.New(fault.Malformed, "operation-id-in-use",
		"This Operation-Id stands for another request. Give each a new id, and the same only to the very same request.")
}

// Digest identifies a request by its parts. Each part follows its length, so that no two lists of parts look alike.
func Digest(parts ...[]byte) []byte {
	sum := NewDigest(parts...)
	return sum.Sum(nil)
}

// NewDigest begins a digest with the parts, for a request whose last part is written to it as it arrives.
func NewDigest(parts ...[]byte) hash.Hash {
	sum := sha256.New()
	for _, part := range parts {
		_, _ = sum.Write(binary.AppendUvarint(nil, uint64(len(part)))) // a hash never fails
		_, _ = sum.Write(part)
	}
	return sum
}

// Watcher waits for an operation. *monitor.Monitor is one.
type Watcher interface {
	Await(ctx context.Context, op *operation.Operation, limit time.Duration, enough func(*operation.Operation) bool) (*operation.Operation, error)
}

// Await waits for the end of an operation that was just accepted, as long as its client prefers, and says so in the answer's headers. It
// returns the operation as it is then: an accepted one is never refused because its state can't be read.
func Await(ctx context.Context, w Watcher, h http.Header, op *operation.Operation, wait time.Duration) *operation.Operation {
	if wait <= 0 {
		return op
	}
	edge.RequestInfoOf(ctx).StartWait()
	SetPreferenceApplied(h, wait)
	now, err := w.Await(ctx, op, wait, monitor.Finished)
	if err != nil || now == nil {
		return op
	}
	return now
}
