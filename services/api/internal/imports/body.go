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

// Body is a request's body as the client sends it, before its content coding is undone. Reading it
// enforces the minimum transfer rate and updates the digest.
type Body struct {
	*minrate.Reader
	digest hash.Hash // nil if no digest is needed
	limit  int64     // of the decoded bytes
	read   int64
}

// NewBody returns the body of a request. digest receives every byte that is read, and may be nil;
// limit is that of the decoded bytes.
func NewBody(c *gin.Context, rate minrate.Limit, digest hash.Hash, limit int64) *Body {
	return &Body{Reader: minrate.NewReader(c.Writer, c.Request, rate), digest: digest, limit: limit}
}

// newIdentifiedBody returns the body of an import. If the client chose the operation's id, the body
// is digested together with every header that determines what its bytes mean, so that a retry is
// recognized.
func newIdentifiedBody(c *gin.Context, collection string, headers submission.Headers, opts Options) *Body {
	var digest hash.Hash
	if headers.ID != uuid.Nil {
		digest = submission.NewDigest([]byte("import"), []byte(collection), []byte(c.GetHeader("Content-Type")),
			[]byte(strings.Join(c.Request.Header.Values("Content-Encoding"), ",")))
	}
	return NewBody(c, opts.UploadRate, digest, opts.Intake.Body)
}

func (b *Body) digesting() bool { return b.digest != nil }

// Read reads what the client sends next. Its errors are those of minrate.Reader.
func (b *Body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.read += int64(n)
	if b.digest != nil {
		_, _ = b.digest.Write(p[:n]) // a hash never fails
	}
	return n, err
}

// Digest reads the rest of the body and returns the digest of all of it; nil if none is needed.
func (b *Body) Digest() ([]byte, error) {
	if b.digest == nil {
		return nil, nil
	}
	const slack = 1 << 20 // incompressible data grows when it is compressed
	remaining := b.limit + b.limit/100 + slack - b.read
	drained, err := io.Copy(io.Discard, io.LimitReader(b, remaining+1))
	if err != nil {
		return nil, err
	}
	if drained > remaining {
		return nil, tooLarge(b.limit)
	}
	return b.digest.Sum(nil), nil
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
