package tracing

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// The systems whose calls are counted.
const (
	Postgres = "postgres"
	Redis    = "redis"
)

// calls counts the calls of a request or a step. It is safe for concurrent use.
type calls struct {
	// spans is how many more calls get a span of their own.
	spans           atomic.Int64
	postgres, redis total
}

type total struct{ calls, nanoseconds atomic.Int64 }

type callsKey struct{}

// CountCalls returns a context in which the first spans calls to Postgres and Redis get a span of
// their own, and report, which writes the number and the seconds of all calls to the span in ctx.
// Calls in other contexts, such as the polling of a queue, are not recorded at all.
func CountCalls(ctx context.Context, spans int) (counting context.Context, report func()) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return ctx, func() {}
	}
	c := &calls{}
	c.spans.Store(int64(spans))
	return context.WithValue(ctx, callsKey{}, c), func() {
		c.postgres.report(span, Postgres)
		c.redis.report(span, Redis)
	}
}

func (t *total) report(span trace.Span, system string) {
	if n := t.calls.Load(); n > 0 {
		span.SetAttributes(attribute.Int64("longshore."+system+".calls", n),
			attribute.Float64("longshore."+system+".seconds", time.Duration(t.nanoseconds.Load()).Seconds()))
	}
}

// totalsSpan reports its calls when it ends.
type totalsSpan struct {
	trace.Span

	report func()
}

// End implements trace.Span.
func (s totalsSpan) End(options ...trace.SpanEndOption) {
	s.report()
	s.Span.End(options...)
}

func withTotals(ctx context.Context, span trace.Span) (context.Context, trace.Span) {
	if !span.IsRecording() {
		return ctx, span
	}
	ctx, report := CountCalls(ctx, 0)
	return ctx, totalsSpan{span, report}
}

// Driver returns the provider for the instrumentation of a driver. system is Postgres or Redis. Its
// spans follow the rules of CountCalls, and contain no text of an error, which may quote data.
func (t *Tracer) Driver(system string) trace.TracerProvider {
	return driverProvider{t.provider, system}
}

type driverProvider struct {
	trace.TracerProvider

	system string
}

// Tracer implements trace.TracerProvider.
func (p driverProvider) Tracer(name string, options ...trace.TracerOption) trace.Tracer {
	return driverTracer{p.TracerProvider.Tracer(name, options...), p.system}
}

type driverTracer struct {
	trace.Tracer

	system string
}

// Start implements trace.Tracer.
func (t driverTracer) Start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	parent := trace.SpanFromContext(ctx)
	c, counted := ctx.Value(callsKey{}).(*calls)
	outer, nested := parent.(*callSpan)
	if !counted || !parent.IsRecording() || nested && !outer.Span.IsRecording() {
		return silent(ctx, parent)
	}
	call := &callSpan{started: time.Now()}
	switch {
	case nested: // the statements of a batch, whose time is that of the batch
	case t.system == Redis:
		call.total = &c.redis
	default:
		call.total = &c.postgres
	}
	if c.spans.Add(-1) >= 0 {
		ctx, call.Span = t.Tracer.Start(ctx, name, options...)
	} else {
		ctx, call.Span = silent(ctx, parent)
	}
	return trace.ContextWithSpan(ctx, call), call
}

// silent returns a span that does nothing and belongs to the same trace. Drivers end the span that
// they find in the context, so that must not be the parent.
func silent(ctx context.Context, parent trace.Span) (context.Context, trace.Span) {
	ctx = trace.ContextWithSpanContext(ctx, parent.SpanContext())
	return ctx, trace.SpanFromContext(ctx)
}

// callSpan is the span of one call.
type callSpan struct {
	trace.Span

	// total is nil for a call that is a part of another one.
	total   *total
	started time.Time
}

// IsRecording implements trace.Span. It is true also for a call that is only counted, because drivers
// do not end other spans.
func (s *callSpan) IsRecording() bool { return true }

// RecordError implements trace.Span.
func (s *callSpan) RecordError(err error, _ ...trace.EventOption) {
	s.SetAttributes(attribute.String("error.type", fmt.Sprintf("%T", err)))
}

// SetStatus implements trace.Span.
func (s *callSpan) SetStatus(code codes.Code, _ string) { s.Span.SetStatus(code, "") }

// End implements trace.Span.
func (s *callSpan) End(options ...trace.SpanEndOption) {
	if s.total != nil {
		s.total.calls.Add(1)
		s.total.nanoseconds.Add(int64(time.Since(s.started)))
	}
	s.Span.End(options...)
}
