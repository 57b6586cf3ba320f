package tools

import (
	"context"
	"errors"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/operation"
)

// maxErrorsBytes bounds the rejected records of one answer in bytes, because a few of them can be large. An answer shows no more,
// unless the first record alone is larger.
const maxErrorsBytes = 1 << 20

// errEnough ends the reading of rejected records.
var errEnough = errors.New("the answer is full")

// shownErrors reads the first rejected records, as many as one answer shows.
func (d *Dialect) shownErrors(ctx context.Context, op *operation.Operation) ([]jsontext.Value, error) {
	shown, size := []jsontext.Value{}, 0
	most := min(d.maxErrors, op.Counts.Failed)
	if most == 0 {
		return shown, nil
	}
	err := d.store.Rejections(ctx, op.ID, most, func(r operation.Rejection) error {
		text := r.ReceivedText()
		size += len(text)
		if size > maxErrorsBytes && len(shown) > 0 {
			return errEnough
		}
		shown = append(shown, text)
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	return shown, nil
}
