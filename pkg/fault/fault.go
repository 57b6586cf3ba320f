// Package fault defines errors that clients may see: they have a kind, a code and a message that is
// safe to show. Every other error is internal: its text is logged and never sent to a client. Only the
// api converts kinds to HTTP statuses.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind classifies a fault by what the client can do about it.
type Kind int

// The kinds of fault.
const (
	// Internal: any error without a fault; clients see no details.
	Internal Kind = iota
	// Malformed: the request does not have the declared format.
	Malformed
	// Invalid: the request is well formed, but its content is not allowed.
	Invalid
	// Unauthenticated: the request has no valid credential.
	Unauthenticated
	// Forbidden: the client may not do this.
	Forbidden
	// NotFound: the resource does not exist.
	NotFound
	// Gone: the resource existed and was deleted.
	Gone
	// MethodNotAllowed: the resource does not support the method.
	MethodNotAllowed
	// TooLarge: the request exceeds a documented limit.
	TooLarge
	// UnsupportedMedia: the content type or content coding is not supported.
	UnsupportedMedia
	// TooSlow: the client did not send its request in time.
	TooSlow
	// Conflict: the state of the resource does not allow the request.
	Conflict
	// Unavailable: a dependency does not answer; a retry may succeed.
	Unavailable
	// BadRange: the requested range is outside of the content.
	BadRange
	// Changed: a precondition of the request does not hold.
	Changed
	// TooMany: this client exceeds its own share of something that all clients use.
	TooMany
	// Busy: all clients together need more than the service has; a retry may succeed.
	Busy
	// StorageFull: there is no space for new bodies.
	StorageFull
	// Misdirected: the request is for a host that is not the service's.
	Misdirected
)

// Fault is an error that a client may see.
type Fault struct {
	Kind Kind
	// Code is stable: lower-case words joined by hyphens. It is part of the problem's type in answers.
	Code string
	// Message describes the error and how to correct it, in one or two sentences.
	Message string
	// Details are further members of the answer, such as line, column and offset. May be nil.
	Details map[string]any
	// Retry is the delay after which a retry may succeed; 0 if it is unknown.
	Retry time.Duration
	// Operation is the id of the operation to which the answer leads; empty if there is none.
	Operation string
	cause     error // logged only
}

// New returns a fault; format and args are the message for the client.
func New(kind Kind, code, format string, args ...any) *Fault {
	return &Fault{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// With adds a detail and returns the fault.
func (f *Fault) With(name string, value any) *Fault {
	if f.Details == nil {
		f.Details = make(map[string]any)
	}
	f.Details[name] = value
	return f
}

// RetryAfter sets the delay after which a retry may succeed, and returns the fault.
func (f *Fault) RetryAfter(delay time.Duration) *Fault {
	f.Retry = delay
	return f
}

// Because sets the cause, which is logged and not shown to clients, and returns the fault.
func (f *Fault) Because(cause error) *Fault {
	f.cause = cause
	return f
}

// PascalCode returns the code in the form of Azure's error codes: "malformed-json" becomes
// "MalformedJson".
func (f *Fault) PascalCode() string {
	var b strings.Builder
	for word := range strings.SplitSeq(f.Code, "-") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

// Error returns the message and the cause, for the log.
func (f *Fault) Error() string {
	if f.cause == nil {
		return f.Code + ": " + f.Message
	}
	return f.Code + ": " + f.Message + ": " + f.cause.Error()
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.cause }

// Of returns the fault in err's chain, or a fault of kind Internal with the cause err.
func Of(err error) *Fault {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return New(Internal, "internal", "Something went wrong on our side. Try again; if it stays, report the request id.").Because(err)
}

// Is reports whether err's chain contains a fault of the kind.
func Is(err error, kind Kind) bool {
	f, ok := errors.AsType[*Fault](err)
	return ok && f.Kind == kind
}
