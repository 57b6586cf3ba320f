package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Problem is a refusal: problem details (RFC 9457) with the error members of Azure's guidelines, and where the fault lies.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Error  struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
	RequestID string `json:"request_id"`

	Line   int    `json:"line"`
	Column int    `json:"column"`
	Offset *int64 `json:"offset"`
	Row    int    `json:"row"`
	Limit  int64  `json:"limit"`

	// What is left of an operation that is gone.
	ExpiredAt  time.Time `json:"expired_at"`
	FinalState string    `json:"final_state"`
	Counts     *Counts   `json:"counts"`
	// The bounds of what could not be taken.
	MinSeconds int `json:"least_seconds"`
	MaxSeconds int `json:"most_seconds"`
}

// typePrefix is what every type of problem begins with.
const typePrefix = "urn:longshore:problem:"

// Code is the stable end of the problem's type, such as "malformed-json".
func (p Problem) Code() string { return strings.TrimPrefix(p.Type, typePrefix) }

// Problem reads the refusal that an answer is, and holds it to what every refusal must have.
func (a *Response) Problem() (Problem, error) {
	var p Problem
	if err := a.decode(a.Status, "application/problem+json", &p); err != nil {
		return p, err
	}
	errs := []error{
		demand(a.Status >= 400, "status %d is no refusal", a.Status),
		demand(p.Status == a.Status, "the member status is %d, the answer's %d", p.Status, a.Status),
		demand(strings.HasPrefix(p.Type, typePrefix) && p.Code() != "", "type is %q", p.Type),
		demand(p.Title != "", "there is no title"),
		demand(p.Detail != "", "there is no detail"),
		demand(p.Error.Code != "", "there is no error.code"),
		demand(p.Error.Message != "", "there is no error.message"),
		demand(a.Header.Get("X-Ms-Error-Code") == p.Error.Code,
			"x-ms-error-code is %q, error.code is %q", a.Header.Get("X-Ms-Error-Code"), p.Error.Code),
		demand(p.RequestID != "" && p.RequestID == a.Header.Get("X-Request-Id"),
			"request_id is %q, X-Request-Id is %q", p.RequestID, a.Header.Get("X-Request-Id")),
	}
	if err := errors.Join(errs...); err != nil {
		return p, fmt.Errorf("%w, in %s", err, a.Body)
	}
	return p, nil
}

func demand(holds bool, format string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// unavailable reads a 503, which may happen when a part is down and must say when to come back.
func unavailable(answer *Response) (time.Duration, error) {
	if _, err := answer.Problem(); err != nil {
		return 0, err
	}
	seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	if err != nil || seconds < 1 {
		return 0, fmt.Errorf("a 503 has Retry-After %q", answer.Header.Get("Retry-After"))
	}
	return time.Duration(seconds) * time.Second, nil
}

// Members lists the names of the members of an answer that is a JSON object.
func (a *Response) Members() ([]string, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(a.Body, &members); err != nil {
		return nil, fmt.Errorf("reading %s: %w", a.Body, err)
	}
	return slices.Sorted(maps.Keys(members)), nil
}
