// Package fault gives errors a kind and a message that is safe to show. An error that carries no fault is
// internal: its text goes to the log and never to a client. Only the edge turns a kind into an HTTP status.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind classifies a fault by what the caller can do about it.
type Kind int

// The kinds of fault.
const (
	// Internal is every error that nobody classified; it shows nothing.
	Internal Kind = iota
	// Malformed: the request cannot be read as what it says it is.
	Malformed
	// Invalid: the request is well formed, but asks for something that cannot be.
	Invalid
	// NotFound: there is no such thing.
	NotFound
	// Gone: the thing was there and is not any more.
	Gone
	// MethodNotAllowed: the thing is there, but not for this method.
	MethodNotAllowed
	// TooLarge: a published limit is exceeded.
	TooLarge
	// UnsupportedMedia: the content type or coding is not one that is taken.
	UnsupportedMedia
	// TooSlow: the client did not send its request in time.
	TooSlow
	// Conflict: the thing is in a state that forbids it.
	Conflict
	// Unavailable: a part that is needed does not answer; trying again helps.
	Unavailable
	// BadRange: the range that is asked for lies outside of what there is.
	BadRange
	// Changed: the thing is not as the request says it must be.
	Changed
)

// Fault is an error that a client may see.
type Fault struct {
	Kind Kind
	// Code is stable, lower-case words joined by hyphens; the edge makes the problem's type of it.
	Code string
	// Message says what is wrong and what to do, in one or two sentences.
	Message string
	// Details are further members of the problem, such as line, column and offset. They may be nil.
	Details map[string]any
	// Retry is when trying the same again may help; 0 if that is not known.
	Retry time.Duration
	cause error
}

// New makes a fault with a message for the client.
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

// RetryAfter says when trying the same again may help, and returns the fault.
func (f *Fault) RetryAfter(wait time.Duration) *Fault {
	f.Retry = wait
	return f
}

// Because keeps the cause for the log; clients never see it.
func (f *Fault) Because(cause error) *Fault {
	f.cause = cause
	return f
}

// PascalCode is the code as Azure writes codes: "malformed-json" becomes "MalformedJson".
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

// Of returns the fault that err carries, or an internal one that hides err.
func Of(err error) *Fault {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return New(Internal, "internal", "Something went wrong on our side. Try again; if it stays, report the request id.").Because(err)
}

// Is reports whether err carries a fault of the kind.
func Is(err error, kind Kind) bool {
	f, ok := errors.AsType[*Fault](err)
	return ok && f.Kind == kind
}
