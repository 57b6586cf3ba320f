package submission

import (
	"fmt"
	"io"
	"mime"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
)

// maxFormBytes bounds the body of a request that asks for something: a filter is the largest that it may hold.
const maxFormBytes = 256 << 10

// Form is a small JSON document in the body of a request, in the words of who reads it.
type Form struct {
	// Subject is what the client sends, such as "A search", and Measured what is too large of it, such as "A query": each begins a sentence.
	Subject, SizeSubject string
	// TooLargeCode is the code of the fault of a body that is too large.
	TooLargeCode string
	// Optional says that there may be no body; nothing that the headers say of it matters then.
	Optional bool
}

// Read reads the body, as slowly as the terms allow; nil if there is none and none is needed. What can't be taken is a fault of kind
// UnsupportedMedia or TooLarge, or one of those that patience.Body returns.
func (f Form) Read(c *gin.Context, terms minrate.Limit) ([]byte, error) {
	if !f.Optional {
		if err := f.checkMedia(c); err != nil {
			return nil, err
		}
	}
	body, err := f.read(c, terms)
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

func (f Form) read(c *gin.Context, terms minrate.Limit) ([]byte, error) {
	paced := minrate.NewReader(c.Writer, c.Request, terms)
	body, err := io.ReadAll(io.LimitReader(paced, maxFormBytes+1))
	paced.ClearDeadline()
	if err != nil {
		return nil, fmt.Errorf("reading what is asked for: %w", err)
	}
	if len(body) > maxFormBytes {
		return nil, fault.New(fault.TooLarge, f.TooLargeCode, "%s has at most %d bytes.", f.SizeSubject, maxFormBytes).With("limit", maxFormBytes)
	}
	return body, nil
}

// checkMedia takes JSON, which also who says nothing means.
func (f Form) checkMedia(c *gin.Context) error {
	given := c.GetHeader("Content-Type")
	media, _, err := mime.ParseMediaType(given)
	if given != "" && (err != nil || media != "application/json" && !strings.HasSuffix(media, "+json")) {
		without := ""
		if f.Optional {
			without = ", or without a body"
		}
		return fault.New(fault.UnsupportedMedia, "unsupported-media-type", "%s is sent as application/json%s.", f.Subject, without)
	}
	if coding := c.GetHeader("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		c.Header("Accept-Encoding", "identity") // RFC 9110 section 12.5.3: what a 415 would have liked
		return fault.New(fault.UnsupportedMedia, "unsupported-content-encoding", "%s is sent without a content coding.", f.Subject)
	}
	return nil
}
