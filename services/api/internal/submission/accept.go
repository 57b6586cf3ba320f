package submission

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
)

// Acceptor stores operations without records, and finds them. *store.Store implements it.
type Acceptor interface {
	Finder
	Accept(ctx context.Context, draft store.Draft) (*operation.Operation, error)
}

// Finder finds operations and multipart uploads by their id. Operation returns tombstones, but no
// operations whose request is still being received. *store.Store implements it.
type Finder interface {
	Operation(ctx context.Context, id uuid.UUID) (*operation.Operation, error)
	MultipartUpload(ctx context.Context, id uuid.UUID) (*store.MultipartUpload, error)
}

// Accept stores an operation without records. If the client sent an id that is already used by an
// operation with the same draft.Digest, it returns that operation and repeated is true; the caller
// must not start it again. Otherwise it returns the faults of FindRepeated.
func Accept(ctx context.Context, s Acceptor, draft store.Draft) (op *operation.Operation, repeated bool, err error) {
	op, err = s.Accept(ctx, draft)
	if !errors.Is(err, store.ErrIDTaken) {
		return op, false, err
	}
	op, err = FindRepeated(ctx, s, draft.ID, draft.Digest)
	return op, true, err
}

// Start accepts an operation without records and dispatches its first step. A repeated request only
// gets the operation that the first one started; repeated is then true.
func Start(c *gin.Context, s Acceptor, d Dispatcher, log *slog.Logger, draft store.Draft) (op *operation.Operation, repeated bool, err error) {
	op, repeated, err = Accept(c.Request.Context(), s, draft)
	switch {
	case err != nil:
		return nil, false, err
	case repeated:
		edge.SetOperation(c, op)
	default:
		Dispatch(c, d, log, op)
	}
	return op, repeated, nil
}

// FindRepeated returns the operation of an id that is in use, if digest equals that of the request
// that created it: then the request is a retry (Azure's REST guidelines). Otherwise it returns a
// fault: of kind Malformed if the id is used by a different request, Conflict if that request is
// still being received, Gone if the operation has expired.
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

// receivingRetryAfter is the Retry-After for an id whose first request is still being received.
const receivingRetryAfter = 2 * time.Second

// PendingIDError returns the fault for an id that is in use, but has no operation yet. If its first
// request is still being received, the client may retry; if it belongs to a multipart upload, the
// client must use another id.
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
		RetryAfter(receivingRetryAfter)
}

// IDInUseError returns the fault for an id that is used by a different request.
func IDInUseError() error {
	return fault.New(fault.Malformed, "operation-id-in-use",
		"This Operation-Id stands for another request. Give each a new id, and the same only to the very same request.")
}

// Digest returns a hash that identifies a request by its parts. Each part is preceded by its length,
// so that different lists of parts with the same concatenation have different digests.
func Digest(parts ...[]byte) []byte {
	sum := NewDigest(parts...)
	return sum.Sum(nil)
}

// NewDigest returns a digest of the parts, to which the last part of the request is written as it
// arrives.
func NewDigest(parts ...[]byte) hash.Hash {
	sum := sha256.New()
	for _, part := range parts {
		_, _ = sum.Write(binary.AppendUvarint(nil, uint64(len(part)))) // a hash never returns an error
		_, _ = sum.Write(part)
	}
	return sum
}

// Watcher waits for an operation. *monitor.Monitor implements it.
type Watcher interface {
	Await(ctx context.Context, op *operation.Operation, limit time.Duration, enough func(*operation.Operation) bool) (*operation.Operation, error)
}

// Await waits until a newly accepted operation is finished, at most for the time that the client
// prefers, and sets Preference-Applied. It returns the current operation. If that cannot be read, it
// returns op, because an accepted request must not fail.
func Await(ctx context.Context, w Watcher, h http.Header, op *operation.Operation, wait time.Duration) *operation.Operation {
	if wait <= 0 {
		return op
	}
	current, waited := awaitEnd(ctx, w, op, wait)
	if waited {
		SetPreferenceApplied(h, wait)
	}
	return current
}

// AwaitEnd does the same for a time that the service chooses, without the header.
func AwaitEnd(ctx context.Context, w Watcher, op *operation.Operation, wait time.Duration) *operation.Operation {
	current, _ := awaitEnd(ctx, w, op, wait)
	return current
}

// awaitEnd also reports whether it waited: a server with too many waiting requests ignores the
// preference, as RFC 7240 permits.
func awaitEnd(ctx context.Context, w Watcher, op *operation.Operation, wait time.Duration) (current *operation.Operation, waited bool) {
	edge.RequestInfoOf(ctx).StartWait()
	current, err := w.Await(ctx, op, wait, monitor.Finished)
	if err != nil || current == nil {
		return op, !errors.Is(err, monitor.ErrNoWait)
	}
	return current, true
}
