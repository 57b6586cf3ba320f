package submission

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
)

// Decode decodes the JSON document of a form. It returns an error for members that are not declared, and for
// anything behind the document.
func Decode(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the document")
	}
	return nil
}

// maxFormBytes bounds the body of a form that does not say otherwise. The largest one contains a filter.
const maxFormBytes = 256 << 10

// Form reads a small JSON document from the body of a request. Its fields are the words of its
// error messages.
type Form struct {
	// Subject starts the message about a wrong media type, such as "A search"; SizeSubject starts
	// the message about a body that is too large, such as "A query".
	Subject, SizeSubject string
	// TooLargeCode is the code of the fault for a body that is too large.
	TooLargeCode string
	// MaxBytes bounds the body; 0 means maxFormBytes.
	MaxBytes int
	// Optional allows an empty body; its headers are then ignored.
	Optional bool
}

// Read reads the body at no less than the minimum rate of limit. It returns nil if an optional form
// is empty, and faults of kind UnsupportedMedia, TooLarge or those of minrate.Reader.
func (f Form) Read(c *gin.Context, limit minrate.Limit) ([]byte, error) {
	if !f.Optional {
		if err := f.checkMedia(c); err != nil {
			return nil, err
		}
	}
	body, err := f.readBody(c, limit)
	switch {
	case err != nil:
		return nil, err
	case !f.Optional:
		return body, nil
	case len(body) == 0:
		return nil, nil
	}
	return body, f.checkMedia(c)
}

func (f Form) readBody(c *gin.Context, limit minrate.Limit) ([]byte, error) {
	reader := minrate.NewReader(c.Writer, c.Request, limit)
	limitBytes := cmp.Or(f.MaxBytes, maxFormBytes)
	body, err := io.ReadAll(io.LimitReader(reader, int64(limitBytes)+1))
	reader.ClearDeadline()
	if err != nil {
		return nil, fmt.Errorf("reading the body: %w", err)
	}
	if len(body) > limitBytes {
		return nil, fault.New(fault.TooLarge, f.TooLargeCode, "%s has at most %d bytes.", f.SizeSubject, limitBytes).With("limit", limitBytes)
	}
	return body, nil
}

// checkMedia accepts JSON only. A body without a Content-Type is refused, because a page of another origin
// can send one without asking first (CORS).
func (f Form) checkMedia(c *gin.Context) error {
	contentType := c.GetHeader("Content-Type")
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil || media != "application/json" && !strings.HasSuffix(media, "+json") {
		alternative := ""
		if f.Optional {
			alternative = ", or without a body"
		}
		return fault.New(fault.UnsupportedMedia, "unsupported-media-type", "%s is sent with Content-Type: application/json%s.", f.Subject, alternative)
	}
	if coding := c.GetHeader("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		c.Header("Accept-Encoding", "identity") // RFC 9110 section 12.5.3: a 415 lists the accepted codings
		return fault.New(fault.UnsupportedMedia, "unsupported-content-encoding", "%s is sent without a content coding.", f.Subject)
	}
	return nil
}
