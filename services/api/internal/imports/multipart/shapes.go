package multipart

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
	"github.com/longshore-io/longshore/services/api/internal/digest"
)

// uploadDocument describes an upload to its client; all addresses are absolute.
type uploadDocument struct {
	ID     string `json:"id"`
	Upload string `json:"upload"`
	// Parts is the address template of part {n} (RFC 6570).
	Parts  string         `json:"parts"`
	Finish string         `json:"finish"`
	Limits limitsDocument `json:"limits"`
	// Received are the received parts in order; a client that was interrupted sends the others.
	Received      []partDocument `json:"received"`
	ReceivedBytes int64          `json:"received_bytes"`
	Finished      bool           `json:"finished"`
	// Operation is the address of the status monitor; absent until the upload is finished.
	Operation string `json:"operation,omitempty"`
}

// limitsDocument are the limits of an upload.
type limitsDocument struct {
	PartBytes int64 `json:"part_bytes"`
	Parts     int   `json:"parts"`
	// Bytes limits all parts together.
	Bytes int64 `json:"bytes"`
	// ExpiresAt is when an unfinished upload is deleted; each part postpones it. Null once the
	// upload is finished.
	ExpiresAt *time.Time `json:"expires_at"`
}

// partDocument is a received part. Bytes and Digest are of the part after its content coding is
// undone.
type partDocument struct {
	Part  int   `json:"part"`
	Bytes int64 `json:"bytes"`
	// Digest has the form of Content-Digest (RFC 9530).
	Digest string `json:"digest"`
}

func (h *Handler) newDocument(c *gin.Context, upload *store.MultipartUpload, parts []store.Part) uploadDocument {
	address := h.Addresses.Absolute(c.Request, "/api/"+upload.Collection+"/import/uploads/"+upload.PublicID.String())
	document := uploadDocument{
		ID: upload.PublicID.String(), Upload: address, Parts: address + "/parts/{n}", Finish: address + finishVerb,
		Limits:   limitsDocument{PartBytes: h.Options.PartBytes, Parts: h.Options.Parts, Bytes: h.Options.Import.Intake.Body},
		Received: make([]partDocument, 0, len(parts)), Finished: upload.Finished,
	}
	if upload.Finished {
		document.Operation = h.Addresses.Absolute(c.Request, dialect.OperationPath(&operation.Operation{ID: upload.PublicID}))
	} else {
		document.Limits.ExpiresAt = &upload.ExpiresAt
	}
	for _, p := range parts {
		document.Received = append(document.Received, partDocument{p.Number, p.Bytes, digest.Format(p.Digest)})
		document.ReceivedBytes += p.Bytes
	}
	return document
}
