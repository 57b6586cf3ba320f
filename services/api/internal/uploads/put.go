package uploads

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/intake"
	"github.com/longshore-io/longshore/pkg/store"
)

const (
	// pieceBytes is how much of a part is held, and written in one transaction.
	pieceBytes = 1 << 20
	// pieceTimeout bounds writing a piece, which takes milliseconds.
	pieceTimeout = 30 * time.Second
	// touchInterval is how often a part that takes long puts off the end of its upload.
	touchInterval = 10 * time.Second
	// discardTimeout bounds deleting the pieces of a broken part; the rest goes with the upload.
	discardTimeout = 20 * time.Second
)

// put stores a part. Nothing is changed before all of it is there: of two that are sent for the same number the one that is complete last
// stays, and one that breaks off leaves what was there before.
func (h *Handler) put(c *gin.Context) error {
	found, err := h.find(c, c.Param("upload"))
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(c.Param("part"))
	if err != nil || number < 1 || number > h.opts.Parts {
		return fault.New(fault.Malformed, "invalid-part-number", "Parts are numbered from 1 to %d.", h.opts.Parts).With("limit", h.opts.Parts)
	}
	promised, err := readDigest(c.Request.Header)
	if err != nil {
		return err
	}
	if found.Finished {
		return store.FinishedParts()
	}
	if c.Request.ContentLength > h.opts.PartBytes {
		return h.partTooLarge()
	}
	// What the client did wrong ends the request's context; it must not be told as a database that does not answer.
	ctx := context.WithoutCancel(c.Request.Context())
	writer, err := h.Store.NewPart(found.ID, number)
	if err != nil {
		return err
	}
	defer h.discard(ctx, writer)
	digest, err := h.receive(ctx, c, writer, promised)
	if err != nil {
		return h.explain(c, err)
	}
	return h.keep(ctx, c, writer, part{Part: number, Bytes: writer.Bytes(), Digest: formatDigest(digest)}, digest)
}

// receive writes the part piece by piece and returns the digest of the plain bytes.
func (h *Handler) receive(ctx context.Context, c *gin.Context, writer *store.PartWriter, promised []byte) ([]byte, error) {
	wire := &digested{from: h.body(c), sum: sha256.New()}
	limits := h.opts.Import.Intake
	limits.Body = h.opts.PartBytes
	plain, err := intake.Plain(wire, c.Request.Header.Values("Content-Encoding"), limits)
	if err != nil {
		return nil, err
	}
	defer func() { _ = plain.Close() }()
	sum := sha256.New()
	if err := h.write(ctx, writer, io.TeeReader(plain, sum)); err != nil {
		return nil, err
	}
	if promised != nil && !bytes.Equal(wire.sum.Sum(nil), promised) {
		return nil, fault.New(fault.Malformed, "digest-mismatch",
			"The part is not what its Content-Digest promises. Nothing of it was kept; send it again.").
			With("received_digest", formatDigest(wire.sum.Sum(nil)))
	}
	return sum.Sum(nil), nil
}

func (h *Handler) write(ctx context.Context, writer *store.PartWriter, plain io.Reader) error {
	buffer := make([]byte, pieceBytes)
	touched := time.Now()
	for ended := false; !ended; {
		n, err := fill(plain, buffer)
		if ended = errors.Is(err, io.EOF); err != nil && !ended {
			return err
		}
		if n > 0 {
			if err := bounded(ctx, func(ctx context.Context) error { return writer.Append(ctx, buffer[:n]) }); err != nil {
				return err
			}
		}
		if time.Since(touched) > touchInterval {
			touched = time.Now()
			if err := bounded(ctx, func(ctx context.Context) error { return writer.Touch(ctx, h.opts.Retention) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill reads until p is full; an error, also io.EOF, comes with what was read before.
func fill(from io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var read int
		read, err = from.Read(p[n:])
		n += read
	}
	return n, err
}

func bounded(ctx context.Context, write func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, pieceTimeout)
	defer cancel()
	return write(ctx)
}

func (h *Handler) keep(ctx context.Context, c *gin.Context, writer *store.PartWriter, kept part, digest []byte) error {
	ctx, cancel := context.WithTimeout(ctx, pieceTimeout)
	defer cancel()
	created, err := writer.Keep(ctx, digest, h.opts.Import.Intake.Body, h.opts.Retention)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	c.PureJSON(status, kept)
	return nil
}

func (h *Handler) discard(ctx context.Context, writer *store.PartWriter) {
	ctx, cancel := context.WithTimeout(ctx, discardTimeout)
	defer cancel()
	if err := writer.Discard(ctx); err != nil {
		h.Log.WarnContext(ctx, "pieces of no use are left until their upload goes", slog.Any("error", err))
	}
}

// explain words for a part what is worded for an import.
func (h *Handler) explain(c *gin.Context, err error) error {
	f := fault.Of(err)
	switch f.Code {
	case "body-too-large":
		return h.partTooLarge()
	case "unsupported-content-encoding":
		c.Header("Accept-Encoding", intake.AcceptEncoding) // RFC 9110 section 12.5.3
	}
	return err
}

func (h *Handler) partTooLarge() error {
	return fault.New(fault.TooLarge, "part-too-large",
		"The part is larger than %d bytes (counted after decoding). Cut the upload into smaller ones.", h.opts.PartBytes).
		With("limit", h.opts.PartBytes)
}

// digested digests what is read through it.
type digested struct {
	from io.Reader
	sum  hash.Hash
}

// Read hands on what the client sends.
func (d *digested) Read(p []byte) (int, error) {
	n, err := d.from.Read(p)
	_, _ = d.sum.Write(p[:n]) // a hash never fails
	return n, err
}
