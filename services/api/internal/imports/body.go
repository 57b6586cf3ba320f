package imports

import (
	"errors"
	"hash"
	"io"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/intake"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// newDigest returns a digest for the body of an import whose id the client chose, so that a retry
// is recognized; nil if the client chose none. It begins with every header that determines what the
// bytes of the body mean.
func newDigest(c *gin.Context, name, contentType string, headers submission.Headers, writing collection.Writing, options intake.Options) hash.Hash {
	if headers.ID == uuid.Nil {
		return nil
	}
	parts := [][]byte{
		[]byte("import"), []byte(name), []byte(contentType), []byte(strings.Join(c.Request.Header.Values("Content-Encoding"), ",")),
	}
	parts = append(parts, WritingDigest(writing)...)
	return submission.NewDigest(append(parts, OptionsDigest(options)...)...)
}

// bodyRecords reads the records of a body. The first Next opens the reader, because detecting the
// format may wait for the client.
type bodyRecords struct {
	*incoming
	target *collection.Collection
	limits intake.Limits
	reader *intake.Reader
}

// Next returns the next record; io.EOF after the last one.
func (r *bodyRecords) Next() (record []byte, err error) {
	if r.reader == nil {
		if r.reader, err = intake.Open(r.Body, r.media, r.target, r.limits); err != nil {
			return nil, err
		}
	}
	record, err = r.reader.Next()
	if r.form != nil && errors.Is(err, io.EOF) {
		if failure := r.form.end(); failure != nil {
			return nil, failure
		}
	}
	return record, err
}

// Close releases the decoder.
func (r *bodyRecords) Close() {
	if r.reader != nil {
		r.reader.Close()
	}
}
