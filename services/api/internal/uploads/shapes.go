package uploads

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
)

// upload is an upload as its client sees it; all addresses are absolute.
type upload struct {
	ID     string `json:"id"`
	Upload string `json:"upload"`
	// Parts is where part {n} goes (RFC 6570).
	Parts  string `json:"parts"`
	Finish string `json:"finish"`
	Limits limits `json:"limits"`
	// Received are the parts that are there, in order: a client that was interrupted sends the others.
	Received      []part `json:"received"`
	ReceivedBytes int64  `json:"received_bytes"`
	Finished      bool   `json:"finished"`
	// Operation is the status monitor of a finished one.
	Operation string `json:"operation,omitempty"`
}

// limits is what can't be exceeded.
type limits struct {
	PartBytes int64 `json:"part_bytes"`
	Parts     int   `json:"parts"`
	// Bytes bounds all parts together.
	Bytes int64 `json:"bytes"`
	// ExpiresAt is when the upload is given up; each part puts it off. Null when it is finished.
	ExpiresAt *time.Time `json:"expires_at"`
}

// part is a part that is there. Bytes and digest, which is written as in Content-Digest (RFC 9530), are of the part without its content coding.
type part struct {
	Part   int    `json:"part"`
	Bytes  int64  `json:"bytes"`
	Digest string `json:"digest"`
}

func (h *Handler) shape(c *gin.Context, p *store.MultipartUpload) (upload, error) {
	parts, err := h.Store.ListParts(c.Request.Context(), p.ID)
	if err != nil {
		return upload{}, err
	}
	address := h.Addresses.Absolute(c.Request, "/api/"+p.Collection+"/import/uploads/"+p.ID.String())
	shape := upload{
		ID: p.ID.String(), Upload: address, Parts: address + "/parts/{n}", Finish: address + finishVerb,
		Limits:   limits{PartBytes: h.opts.PartBytes, Parts: h.opts.Parts, Bytes: h.opts.Import.Intake.Body},
		Received: make([]part, 0, len(parts)), Finished: p.Finished,
	}
	if p.Finished {
		shape.Operation = h.Addresses.Absolute(c.Request, azure.Path(&operation.Operation{ID: p.ID}))
	} else {
		shape.Limits.ExpiresAt = &p.ExpiresAt
	}
	for _, one := range parts {
		shape.Received = append(shape.Received, part{one.Number, one.Bytes, formatDigest(one.Digest)})
		shape.ReceivedBytes += one.Bytes
	}
	return shape, nil
}
