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
// format may wait for the client; start must have been called.
type bodyRecords struct {
	*incoming
	target  *collection.Collection
	limits  intake.Limits
	content *intake.Content
	reader  *intake.Reader
}

// start reads the first bytes of the body and reports whether it is an archive, which has no records before all of it
// has arrived.
func (r *bodyRecords) start() (archive bool, err error) {
	if r.content, err = intake.Start(r.Body, r.media, r.limits); err != nil {
		return false, err
	}
	return r.content.IsArchive(), nil
}

// reading returns how the records were read.
func (r *bodyRecords) reading() (how Reading) {
	if r.reader != nil {
		how.Delimiter, _ = r.reader.Delimiter()
		how.BlankRows = r.reader.BlankRows()
	}
	return how
}

// Next returns the next record; io.EOF after the last one.
func (r *bodyRecords) Next() (record []byte, err error) {
	if r.reader == nil {
		if r.reader, err = r.content.Records(r.target); err != nil {
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
	if r.content != nil {
		r.content.Close()
	}
}
