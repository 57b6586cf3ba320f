package uploads

import (
	"io"
	"log/slog"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// maxWish bounds the body of upload-finish.
const maxWish = 4 << 10

// wish is what the body of upload-finish may say. It may be empty.
type wish struct {
	// Parts is how many parts the client sent: without it nobody knows if the last one is missing.
	Parts int `json:"parts"`
}

// finish makes an import of the upload. Finishing again gives the same answer.
func (h *Handler) finish(c *gin.Context) error {
	text, asked := strings.CutSuffix(c.Param("upload"), finishVerb)
	if !asked {
		return fault.New(fault.NotFound, "no-such-address", "There is nothing to POST to at this address. To finish an upload, add %s.", finishVerb)
	}
	found, err := h.find(c, text)
	if err != nil {
		return err
	}
	sent := h.body(c)
	asks, err := readWish(sent, h.opts.Parts)
	if err != nil {
		return err
	}
	op, err := h.Store.FinishMultipart(c.Request.Context(), found.ID, asks.Parts)
	if err != nil {
		return err
	}
	if op.Expired {
		return fault.New(fault.Gone, "operation-expired", "The operation of this upload is gone.").With("expired_at", op.ExpiresAt)
	}
	if !found.Finished {
		h.accepted(c, found, op)
	}
	sent.ClearDeadline()
	h.Answers.Accepted(c, op, h.Policy.Wait(c.Request.Header), "")
	return nil
}

// accepted tells of an operation that was accepted just now.
func (h *Handler) accepted(c *gin.Context, found *store.MultipartUpload, op *operation.Operation) {
	submission.Dispatch(c, h.Dispatcher, h.Log, op)
	h.Log.InfoContext(c.Request.Context(), "upload accepted", slog.String("collection", found.Collection))
}

func readWish(body io.Reader, maxParts int) (wish, error) {
	text, err := io.ReadAll(io.LimitReader(body, maxWish+1))
	if err != nil {
		return wish{}, err
	}
	var asks wish
	if strings.TrimSpace(string(text)) == "" {
		return asks, nil
	}
	err = json.Unmarshal(text, &asks, json.RejectUnknownMembers(true))
	if err != nil || len(text) > maxWish || asks.Parts < 0 || asks.Parts > maxParts {
		return wish{}, fault.New(fault.Malformed, "invalid-finish",
			`The body must be empty, or {"parts": n} with the number of parts that the upload has, at most %d.`, maxParts).Because(err)
	}
	return asks, nil
}
