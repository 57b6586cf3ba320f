package logging

import (
	"context"
	"log/slog"
	"slices"
)

// The keys that all services use for the same things.
const (
	// RequestID is the id of the current request, or of the request that started the current operation.
	RequestID = "request_id"
	// Operation is the id of the operation.
	Operation = "operation"
	// Chunk is the number of a chunk in its operation.
	Chunk = "chunk"
	// TraceID is the id of the trace, if traces are recorded.
	TraceID = "trace_id"
	// Duty is the name of a duty of the janitor.
	Duty = "duty"
)

type contextKey struct{}

// With returns a context with attributes. slog's methods that take a context add them to the record.
// An attribute replaces an older one with the same key.
func With(ctx context.Context, attrs ...slog.Attr) context.Context {
	all := slices.DeleteFunc(slices.Clone(attrsOf(ctx)), func(old slog.Attr) bool {
		return slices.ContainsFunc(attrs, func(a slog.Attr) bool { return a.Key == old.Key })
	})
	return context.WithValue(ctx, contextKey{}, append(all, attrs...))
}

// Of returns those attributes that With has added to ctx under one of the keys.
func Of(ctx context.Context, keys ...string) []slog.Attr {
	return slices.DeleteFunc(slices.Clone(attrsOf(ctx)), func(a slog.Attr) bool { return !slices.Contains(keys, a.Key) })
}

func attrsOf(ctx context.Context) []slog.Attr {
	attrs, _ := ctx.Value(contextKey{}).([]slog.Attr)
	return attrs
}

// contextHandler adds the attributes of the context to each record, except keys that the record
// already has.
type contextHandler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	present := make(map[string]bool, r.NumAttrs())
	r.Attrs(func(a slog.Attr) bool { present[a.Key] = true; return true })
	for _, a := range attrsOf(ctx) {
		if !present[a.Key] {
			r.AddAttrs(a)
		}
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return contextHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h contextHandler) WithGroup(name string) slog.Handler {
	return contextHandler{h.Handler.WithGroup(name)}
}
