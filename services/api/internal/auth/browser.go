package auth

import (
	"context"
	"net/http"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

const (
	// TokenParameter is the query parameter with which an EventSource of a browser, which can send no
	// headers, sends a short token for one operation (RFC 6750, section 2.3).
	TokenParameter = "access_token"
	// TokenCookie is the cookie with which it may send it instead.
	TokenCookie = "longshore_token"
)

// takeFromAddress moves a short token for one operation from the query or a cookie into the header
// Authorization, if the request has none, and reports whether it did. Other credentials are not accepted there, because addresses are
// stored in many places, and a browser attaches cookies by itself.
func takeFromAddress(r *http.Request) (taken bool) {
	query := r.URL.Query()
	text := query.Get(TokenParameter)
	if query.Has(TokenParameter) {
		query.Del(TokenParameter)
		r.URL.RawQuery = query.Encode() // which logs and handlers see
	}
	if cookie, err := r.Cookie(TokenCookie); err == nil && text == "" {
		text = cookie.Value
	}
	secret, ok := access.ParseSecret(text)
	if text == "" || r.Header.Get("Authorization") != "" {
		return false
	}
	if !ok || secret.Kind != access.Token {
		text = "lst_" // malformed: no key or session is accepted here
	}
	r.Header.Set("Authorization", "Bearer "+text)
	return true
}

// requireOperation returns a fault of kind Forbidden if the principal may only read the events of one
// operation and the request is another one.
func requireOperation(ctx context.Context, r edge.Route, id string) error {
	p := access.Of(ctx)
	if p == nil || p.Operation.String() == id && r.Streaming || !p.ForOneOperation() {
		return nil
	}
	return fault.New(fault.Forbidden, "operation-not-allowed", "This token is for the events of one operation only: GET /operations/{id}/events.")
}
