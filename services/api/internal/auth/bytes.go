package auth

import (
	"context"
	"io"
	"log/slog"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/store"
)

// ByteStore counts the bytes that are sent with a token. *store.Store implements it.
type ByteStore interface {
	TakeBytes(ctx context.Context, id string, n int64) (taken int64, err error)
	GiveBytes(ctx context.Context, id string, n int64) error
}

// limitBody limits the body of a request to what may still be sent with its token. It takes the announced
// length, or all that is left if the length is not known. giveBack, which the caller must call after the
// request, gives back what was not sent. The error is a fault of kind TooLarge.
func (a *Authenticator) limitBody(c *gin.Context) (giveBack func(), err error) {
	ctx, r := c.Request.Context(), c.Request
	p := access.Of(ctx)
	if p == nil || p.MaxBytes == 0 || r.Body == nil || r.ContentLength == 0 {
		return func() {}, nil
	}
	taken, err := a.store.TakeBytes(ctx, p.Credential, r.ContentLength)
	if err != nil {
		return nil, err
	}
	body := &limitedBody{ReadCloser: r.Body, left: taken}
	r.Body = body
	return func() {
		if body.left == 0 {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
		defer cancel()
		if err := a.store.GiveBytes(ctx, p.Credential, body.left); err != nil {
			a.keys.log.WarnContext(ctx, "bytes that were not sent still count for the token", slog.Any("error", err))
		}
	}, nil
}

// limitedBody is a request body of limited length.
type limitedBody struct {
	io.ReadCloser

	left int64
}

// Read implements io.Reader. It returns a fault of kind TooLarge at the first byte beyond the limit.
func (b *limitedBody) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		n = int(b.left)
		b.left = 0
		return n, store.TokenBytesExceeded()
	}
	b.left -= int64(n)
	return n, err
}
