// Package apiclient sends the console's own requests to the api: who a person is, and the sessions of
// people who have logged in.
package apiclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	// requestTimeout bounds a request to the api.
	requestTimeout = 10 * time.Second
	// maxAnswerBytes bounds an answer: a principal has claims.
	maxAnswerBytes = 1 << 20
)

// Client sends requests to the api. It is safe for concurrent use.
type Client struct {
	base *url.URL
	http *http.Client
}

// New returns a client of the api at an address.
func New(base *url.URL) *Client {
	return &Client{base: base, http: &http.Client{Timeout: requestTimeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // a credential goes to the api only
	}}}
}

// Base returns the address of the api.
func (c *Client) Base() *url.URL { return c.base }

// Principal is who a credential belongs to, as GET /me describes it.
type Principal struct {
	Kind    string   `json:"kind"`
	ID      string   `json:"id"`
	Tenant  string   `json:"tenant"`
	Actions []string `json:"actions"`
}

// Session is a session that the api has made.
type Session struct {
	Secret    string    `json:"session"`
	ExpiresAt time.Time `json:"expiresAt"`
	Principal Principal `json:"principal"`
}

// RefusedError is the api's refusal of a credential.
type RefusedError struct {
	Status int
	// Message is for the person who logs in.
	Message string
}

func (e *RefusedError) Error() string { return e.Message }

// ErrUnavailable is returned if the api does not answer, or can't check a credential.
var ErrUnavailable = errors.New("the api does not answer")

// Me returns the principal of a credential; an empty one asks for that of requests without a credential.
// The error is a *RefusedError, or ErrUnavailable.
func (c *Client) Me(ctx context.Context, credential string) (p Principal, err error) {
	return p, c.do(ctx, http.MethodGet, "/me", credential, &p)
}

// NewSession makes a session with a key or with a token of the issuer. The error is a *RefusedError, or
// ErrUnavailable.
func (c *Client) NewSession(ctx context.Context, credential string) (s Session, err error) {
	return s, c.do(ctx, http.MethodPost, "/sessions", credential, &s)
}

// EndSession ends a session.
func (c *Client) EndSession(ctx context.Context, session string) error {
	return c.do(ctx, http.MethodDelete, "/sessions/current", session, nil)
}

func (c *Client) do(ctx context.Context, method, path, credential string, result any) error {
	r, err := http.NewRequestWithContext(ctx, method, c.base.JoinPath(path).String(), nil)
	if err != nil {
		return fmt.Errorf("making a request to the api: %w", err)
	}
	if credential != "" {
		r.Header.Set("Authorization", "Bearer "+credential)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswerBytes))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	switch {
	case answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden:
		return refused(answer.StatusCode, body)
	case answer.StatusCode >= http.StatusMultipleChoices:
		return fmt.Errorf("%w as expected: %s %s = %s", ErrUnavailable, method, path, answer.Status)
	case result == nil:
		return nil
	}
	if err := json.Unmarshal(body, result); err != nil {
		return fmt.Errorf("%w with the JSON of %s: %w", ErrUnavailable, path, err)
	}
	return nil
}

// refused returns the refusal of a problem document (RFC 9457).
func refused(status int, body []byte) error {
	var problem struct {
		Detail string `json:"detail"`
	}
	if err := json.Unmarshal(body, &problem); err != nil || problem.Detail == "" {
		problem.Detail = "The api refused the credential."
	}
	return &RefusedError{status, problem.Detail}
}
