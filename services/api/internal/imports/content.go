package imports

import (
	"hash"
	"io"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/intake"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// content is the body of a request as it is received. If the client gave an id, it is digested on its way, with all that decides what the
// bytes mean.
type content struct {
	wire  *minrate.Reader
	limit int64
	read  int64
	sum   hash.Hash // nil if nobody needs to know the request again
}

func newContent(c *gin.Context, collection string, terms submission.Headers, opts Options) *content {
	sent := &content{wire: minrate.NewReader(c.Writer, c.Request, opts.UploadRate), limit: opts.Intake.Body}
	if terms.ID != uuid.Nil {
		sent.sum = submission.NewDigest([]byte("import"), []byte(collection), []byte(c.GetHeader("Content-Type")),
			[]byte(strings.Join(c.Request.Header.Values("Content-Encoding"), ",")))
	}
	return sent
}

func (b *content) identified() bool { return b.sum != nil }

// Read hands on what the client sends.
func (b *content) Read(p []byte) (int, error) {
	n, err := b.wire.Read(p)
	b.read += int64(n)
	if b.sum != nil {
		_, _ = b.sum.Write(p[:n]) // a hash never fails
	}
	return n, err
}

// Digest reads what is left of the body and returns what identifies the request; nil if nobody asks.
func (b *content) Digest() ([]byte, error) {
	if b.sum == nil {
		return nil, nil
	}
	const slack = 1 << 20 // a coding may make what can't be compressed larger
	left := b.limit + b.limit/100 + slack - b.read
	drained, err := io.Copy(io.Discard, io.LimitReader(b, left+1))
	if err != nil {
		return nil, err
	}
	if drained > left {
		return nil, tooLarge(b.limit)
	}
	return b.sum.Sum(nil), nil
}

// records are the records of a body together with what identifies it. It is opened by the first Next, which may wait for the client as any
// other does.
type records struct {
	*content
	media  intake.Media
	target *collection.Collection
	limits intake.Limits
	reader *intake.Reader
}

// Next returns the next record.
func (r *records) Next() (record []byte, err error) {
	if r.reader == nil {
		if r.reader, err = intake.Open(r.content, r.media, r.target, r.limits); err != nil {
			return nil, err
		}
	}
	return r.reader.Next()
}

// Close gives back what unpacking took.
func (r *records) Close() {
	if r.reader != nil {
		r.reader.Close()
	}
}
