// Package precondition decides whether a change is carried out whose client says in which state it knows what it
// changes (RFC 9110, section 13). A condition belongs to the context of a request. Whatever makes the change checks it
// in the same transaction, so that nothing changes between the check and the change.
package precondition

import (
	"context"
	"slices"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Any stands for every tag in a list.
const Any = "*"

// Condition is what a request says about the state of what it changes. The zero value is always true.
type Condition struct {
	// Match are the tags of If-Match, NoneMatch those of If-None-Match, without W/ and quotes, or Any. A nil list is
	// no condition. Tags are compared without regard to whether they are weak, because a status has weak tags and clients
	// must be able to name one.
	Match, NoneMatch []string
	// UnmodifiedSince is the time of If-Unmodified-Since; zero if there is none.
	UnmodifiedSince time.Time
}

// State is the state of what a request changes.
type State struct {
	// Tag identifies the state; empty if it has no tag.
	Tag string
	// Modified is when it began; zero if that is not known.
	Modified time.Time
	// Absent is true if there is nothing yet.
	Absent bool
}

// Empty reports whether there is no condition.
func (c Condition) Empty() bool {
	return c.Match == nil && c.NoneMatch == nil && c.UnmodifiedSince.IsZero()
}

// Check returns a fault of kind Changed if the condition is false for the state. If-Match replaces
// If-Unmodified-Since (RFC 9110, section 13.2.2).
func (c Condition) Check(s State) error {
	if c.Match != nil && !s.in(c.Match) || c.NoneMatch != nil && s.in(c.NoneMatch) || c.modified(s) {
		return fault.New(fault.Changed, "precondition-failed",
			"It is not in the state that If-Match, If-None-Match or If-Unmodified-Since means, so nothing was changed. Read it again, then decide.").
			With("current", s.Tag)
	}
	return nil
}

// modified reports whether the state began after the time of If-Unmodified-Since, which has whole seconds.
func (c Condition) modified(s State) bool {
	return c.Match == nil && !c.UnmodifiedSince.IsZero() && s.Modified.Truncate(time.Second).After(c.UnmodifiedSince)
}

// in reports whether a list has the tag of the state.
func (s State) in(tags []string) bool {
	return !s.Absent && (slices.Contains(tags, Any) || s.Tag != "" && slices.Contains(tags, s.Tag))
}

type key struct{}

// With adds the condition of a request to its context.
func With(ctx context.Context, c Condition) context.Context { return context.WithValue(ctx, key{}, c) }

// Of returns the condition of the request that a context belongs to; the zero value if it has none.
func Of(ctx context.Context) Condition {
	c, _ := ctx.Value(key{}).(Condition)
	return c
}
