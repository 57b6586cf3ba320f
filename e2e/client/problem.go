package client

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Problem is an error response: problem details (RFC 9457) with the error members of Azure's
// guidelines, and the position of the fault.
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

	// Of an expired operation.
	ExpiredAt  time.Time `json:"expired_at"`
	FinalState string    `json:"final_state"`
	Counts     *Counts   `json:"counts"`
	// The limits that a value exceeds.
	MinSeconds int `json:"least_seconds"`
	MaxSeconds int `json:"most_seconds"`
}

// typePrefix is the prefix of all types.
const typePrefix = "urn:longshore:problem:"

// Code returns the type without its prefix, such as "malformed-json".
func (p Problem) Code() string { return strings.TrimPrefix(p.Type, typePrefix) }

// Problem reads an error response, and checks what every error response must contain.
func (r *Response) Problem() (Problem, error) {
	if strings.Contains(string(r.Body), googleErrorInfo) {
		return r.googleProblem()
	}
	var p Problem
	if err := r.decode(r.Status, "application/problem+json", &p); err != nil {
		return p, err
	}
	errs := []error{
		check(r.Status >= 400, "status = %d, want an error", r.Status),
		check(p.Status == r.Status, "member status = %d, want %d", p.Status, r.Status),
		check(strings.HasPrefix(p.Type, typePrefix) && p.Code() != "", "type = %q", p.Type),
		check(p.Title != "", "title is missing"),
		check(p.Detail != "", "detail is missing"),
		check(p.Error.Code != "", "error.code is missing"),
		check(p.Error.Message != "", "error.message is missing"),
		check(r.Header.Get("X-Ms-Error-Code") == p.Error.Code,
			"x-ms-error-code = %q, want error.code %q", r.Header.Get("X-Ms-Error-Code"), p.Error.Code),
		check(p.RequestID != "" && p.RequestID == r.Header.Get("X-Request-Id"),
			"request_id = %q, want X-Request-Id %q", p.RequestID, r.Header.Get("X-Request-Id")),
	}
	if err := errors.Join(errs...); err != nil {
		return p, fmt.Errorf("%w, in %s", err, r.Body)
	}
	return p, nil
}

// googleErrorInfo is in every error of Google's APIs.
const googleErrorInfo = `"@type":"type.googleapis.com/google.rpc.ErrorInfo"`

// GoogleError is an error of Google's APIs (AIP-193).
type GoogleError struct {
	Error struct {
		Code            int
		Message, Status string
		Details         []struct {
			Type              string `json:"@type"`
			Reason, RequestID string
			Metadata          map[string]string
		}
	}
}

// googleProblem reads an error of Google's APIs as a problem.
func (r *Response) googleProblem() (Problem, error) {
	var e GoogleError
	if err := r.decode(r.Status, "application/json", &e); err != nil {
		return Problem{}, err
	}
	p := Problem{Title: e.Error.Status, Status: e.Error.Code, Detail: e.Error.Message}
	for _, d := range e.Error.Details {
		if d.Reason != "" {
			p.Type = typePrefix + strings.ToLower(strings.ReplaceAll(d.Reason, "_", "-"))
		}
		p.RequestID = cmp.Or(p.RequestID, d.RequestID)
		p.FinalState = cmp.Or(p.FinalState, d.Metadata["final_state"])
	}
	p.Error.Code, p.Error.Message = r.Header.Get("X-Ms-Error-Code"), e.Error.Message
	return p, errors.Join(
		check(p.Status == r.Status && r.Status >= 400, "error.code = %d, want the status %d of an error", p.Status, r.Status),
		check(p.Title != "" && p.Detail != "" && p.Code() != "", "incomplete error: %s", r.Body),
		check(p.RequestID != "" && p.RequestID == r.Header.Get("X-Request-Id"), "requestId = %q, want X-Request-Id", p.RequestID),
	)
}

func check(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// unavailable reads a 503 response, which services may send during a fault, and returns its Retry-After.
func unavailable(response *Response) (time.Duration, error) {
	if _, err := response.Problem(); err != nil {
		return 0, err
	}
	seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
	if err != nil || seconds < 1 {
		return 0, fmt.Errorf("503 with Retry-After = %q, want seconds", response.Header.Get("Retry-After"))
	}
	return time.Duration(seconds) * time.Second, nil
}

// Members returns the names of the members of a JSON object, sorted.
func (r *Response) Members() ([]string, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(r.Body, &members); err != nil {
		return nil, fmt.Errorf("reading %s: %w", r.Body, err)
	}
	return slices.Sorted(maps.Keys(members)), nil
}
