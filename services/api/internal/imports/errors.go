package imports

import (
	"context"
	"errors"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// maxErrorsBytes limits the size of the rejected records in one status document. Only a first
// record that is larger exceeds it.
const maxErrorsBytes = 1 << 20

// errorsCopies is how often rejected records are in memory while their document is written.
const errorsCopies = 3

// errDocumentFull stops the reading of rejected records.
var errDocumentFull = errors.New("the status document is full")

// readRejected returns the first rejected records, within the limits of one status document; none if
// the client may not read them.
func (h *Handler) readRejected(ctx context.Context, op *operation.Operation) ([]jsontext.Value, error) {
	rejected, size := []jsontext.Value{}, 0
	limit := min(h.Options.MaxErrors, op.Counts.Failed)
	if limit == 0 || access.Require(ctx, access.ReadRecords) != nil || submission.RequireReader(access.Of(ctx), h.Collections, op) != nil {
		return rejected, nil
	}
	taken := admission.Of(ctx)
	if err := taken.Download(ctx, maxErrorsBytes*errorsCopies); err != nil {
		return nil, err
	}
	defer func() { taken.Free(int64(max(0, maxErrorsBytes-size)) * errorsCopies) }()
	err := h.Store.Rejections(ctx, op.ID, limit, func(r operation.Rejection) error {
		text := r.ReceivedText()
		size += len(text)
		if size > maxErrorsBytes && len(rejected) > 0 {
			return errDocumentFull
		}
		rejected = append(rejected, text)
		return nil
	})
	if err != nil && !errors.Is(err, errDocumentFull) {
		return nil, err
	}
	return rejected, nil
}
