package imports

import (
	"hash"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/intake"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// Body is a request's body as the client sends it, before its content coding is undone. Reading it
// enforces the minimum transfer rate and updates the digest.
type Body struct {
	*intake.Body
	reader *minrate.Reader
}

// NewBody returns the body of a request; see intake.NewBody for limit and digest.
func NewBody(c *gin.Context, rate minrate.Limit, limit int64, digest hash.Hash) *Body {
	reader := minrate.NewReader(c.Writer, c.Request, rate)
	return &Body{Body: intake.NewBody(reader, limit, digest), reader: reader}
}

// ClearDeadline removes the read deadline after the last read.
func (b *Body) ClearDeadline() { b.reader.ClearDeadline() }

// newIdentifiedBody returns the body of an import. If the client chose the operation's id, the body
// is digested together with every header that determines what its bytes mean, so that a retry is
// recognized.
func newIdentifiedBody(c *gin.Context, collection string, headers submission.Headers, opts Options) *Body {
	var digest hash.Hash
	if headers.ID != uuid.Nil {
		digest = submission.NewDigest([]byte("import"), []byte(collection), []byte(c.GetHeader("Content-Type")),
			[]byte(strings.Join(c.Request.Header.Values("Content-Encoding"), ",")))
	}
	return NewBody(c, opts.UploadRate, opts.Intake.Body, digest)
}

// bodyRecords reads the records of a body. The first Next opens the reader, because detecting the
// format may wait for the client.
type bodyRecords struct {
	*Body
	media  intake.Media
	target *collection.Collection
	limits intake.Limits
	reader *intake.Reader
}

// Next returns the next record; io.EOF after the last one.
func (r *bodyRecords) Next() (record []byte, err error) {
	if r.reader == nil {
		if r.reader, err = intake.Open(r.Body.Body, r.media, r.target, r.limits); err != nil {
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
