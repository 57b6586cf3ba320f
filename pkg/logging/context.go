package logging

import (
	"context"
	"log/slog"
	"slices"
)

// The keys by which a piece of work is found in the logs of all services.
const (
	// RequestID is the id of the request that is answered, or that began the operation worked on.
	RequestID = "request_id"
	// Operation is the id of the operation.
	Operation = "operation"
	// Chunk is the place of a chunk in its operation.
	Chunk = "chunk"
	// Duty is the name of one of the janitor's duties.
	Duty = "duty"
)

type contextKey struct{}

// With returns a context whose records carry more attributes: whoever logs with it (slog's methods that take a context) need not know
// them. An attribute takes the place of an older one of the same name.
func With(ctx context.Context, attrs ...slog.Attr) context.Context {
	all := slices.DeleteFunc(slices.Clone(attrsOf(ctx)), func(old slog.Attr) bool {
		return slices.ContainsFunc(attrs, func(a slog.Attr) bool { return a.Key == old.Key })
	})
	return context.WithValue(ctx, contextKey{}, append(all, attrs...))
}

func attrsOf(ctx context.Context) []slog.Attr {
	attrs, _ := ctx.Value(contextKey{}).([]slog.Attr)
	return attrs
}

// inContext adds what the context carries to every record that does not say it itself.
type inContext struct{ slog.Handler }

// Handle writes one record.
func (h inContext) Handle(ctx context.Context, r slog.Record) error {
	said := make(map[string]bool, r.NumAttrs())
	r.Attrs(func(a slog.Attr) bool { said[a.Key] = true; return true })
	for _, a := range attrsOf(ctx) {
		if !said[a.Key] {
			r.AddAttrs(a)
		}
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps the context's attributes in what is derived.
func (h inContext) WithAttrs(attrs []slog.Attr) slog.Handler {
	return inContext{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the context's attributes in what is derived.
func (h inContext) WithGroup(name string) slog.Handler { return inContext{h.Handler.WithGroup(name)} }
