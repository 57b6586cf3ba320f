package imports

import (
	"hash"
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
func newDigest(c *gin.Context, name string, headers submission.Headers, writing collection.Writing) hash.Hash {
	if headers.ID == uuid.Nil {
		return nil
	}
	parts := [][]byte{
		[]byte("import"), []byte(name), []byte(c.GetHeader("Content-Type")), []byte(strings.Join(c.Request.Header.Values("Content-Encoding"), ",")),
	}
	return submission.NewDigest(append(parts, WritingDigest(writing)...)...)
}

// bodyRecords reads the records of a body. The first Next opens the reader, because detecting the
// format may wait for the client.
type bodyRecords struct {
	*intake.Body
	media  intake.Media
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
	return r.reader.Next()
}

// Close releases the decoder.
func (r *bodyRecords) Close() {
	if r.reader != nil {
		r.reader.Close()
	}
}
