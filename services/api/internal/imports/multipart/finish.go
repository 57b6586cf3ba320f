package multipart

import (
	"io"
	"log/slog"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/imports"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// maxFinishBytes limits the body of upload-finish.
const maxFinishBytes = 4 << 10

// finishRequest is the body of upload-finish. It may be empty.
type finishRequest struct {
	// Parts is how many parts the client sent. Without it, a missing last part can't be detected.
	Parts int `json:"parts"`
}

// finish turns the upload into an import. It is idempotent.
func (h *Handler) finish(c *gin.Context) error {
	id, found := strings.CutSuffix(c.Param("upload"), finishVerb)
	if !found {
		return fault.New(fault.NotFound, "no-such-address", "There is nothing to POST to at this address. To finish an upload, add %s.", finishVerb)
	}
	upload, err := h.find(c, id)
	if err != nil {
		return err
	}
	body := minrate.NewReader(c.Writer, c.Request, h.Options.Import.UploadRate)
	request, err := readFinishRequest(body, h.Options.Parts)
	if err != nil {
		return err
	}
	op, err := h.Store.FinishMultipart(c.Request.Context(), upload.ID, request.Parts)
	if err != nil {
		return store.NameOperation(err, upload.PublicID)
	}
	if op.Expired {
		return fault.New(fault.Gone, "operation-expired", "The operation of this upload is gone.").With("expired_at", op.ExpiresAt)
	}
	if !upload.Finished { // it was accepted by this request
		submission.Dispatch(c, h.Dispatcher, h.Log, op)
		h.Log.InfoContext(c.Request.Context(), "upload accepted", slog.String("collection", upload.Collection))
	}
	body.ClearDeadline()
	h.Imports.RespondAccepted(c, op, h.Policy.Wait(c.Request.Header), imports.Reading{})
	return nil
}

func readFinishRequest(body io.Reader, maxParts int) (finishRequest, error) {
	text, err := io.ReadAll(io.LimitReader(body, maxFinishBytes+1))
	if err != nil {
		return finishRequest{}, err
	}
	var request finishRequest
	if strings.TrimSpace(string(text)) == "" {
		return request, nil
	}
	err = json.Unmarshal(text, &request, json.RejectUnknownMembers(true))
	if err != nil || len(text) > maxFinishBytes || request.Parts < 0 || request.Parts > maxParts {
		return finishRequest{}, fault.New(fault.Malformed, "invalid-finish",
			`The body must be empty, or {"parts": n} with the number of parts that the upload has, at most %d.`, maxParts).Because(err)
	}
	return request, nil
}
