package auth

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// Protect returns the route with a handler that authenticates each request and requires the action of
// the route. A public route stays as it is.
func (a *Authenticator) Protect(r edge.Route) edge.Route {
	if r.Action == access.Public {
		return r
	}
	handle := r.Handler
	r.Handler = func(c *gin.Context) error {
		fromAddress := r.Streaming && takeFromAddress(c.Request)
		ctx, end, err := a.Begin(c.Request)
		if err != nil {
			return err
		}
		defer end()
		if p := access.Of(ctx); fromAddress && !p.ForOneOperation() {
			return invalid("Only a token for one operation may be in an address or a cookie.")
		}
		c.Request = c.Request.WithContext(ctx)
		if err := access.Require(ctx, r.Action); err != nil {
			return err
		}
		if err := requireOperation(ctx, r, c.Param("id")); err != nil {
			return err
		}
		giveBack, err := a.limitBody(c)
		if err != nil {
			return err
		}
		defer giveBack()
		return untilRevoked(ctx, c, handle)
	}
	return r
}

// untilRevoked runs the handler. When the credential becomes invalid, it also ends transfers in
// progress, and the answer is that fault, unless another one has begun.
func untilRevoked(ctx context.Context, c *gin.Context, handle edge.Handler) error {
	transfers := http.NewResponseController(c.Writer)
	stop := context.AfterFunc(ctx, func() {
		if revoked(ctx) != nil {
			_ = transfers.SetReadDeadline(time.Now())
			_ = transfers.SetWriteDeadline(time.Now())
		}
	})
	defer stop()
	err := handle(c)
	if cause := revoked(ctx); cause != nil && (err != nil || !c.Writer.Written()) {
		c.Request = c.Request.WithContext(context.WithoutCancel(c.Request.Context())) // the client has not left
		return cause
	}
	return err
}

// revoked returns the fault with which the context of a request was cancelled; nil if it was not, or if
// the client has left.
func revoked(ctx context.Context) error {
	if f, ok := errors.AsType[*fault.Fault](context.Cause(ctx)); ok && f.Kind == fault.Unauthenticated {
		return f
	}
	return nil
}
