package tracing_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/longshore-io/longshore/pkg/tracing"
)

const kept = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func newTracer(options ...sdk.TracerProviderOption) (*tracing.Tracer, *tracetest.SpanRecorder) {
	recorder := tracetest.NewSpanRecorder()
	return tracing.New(sdk.NewTracerProvider(append(options, sdk.WithSpanProcessor(recorder))...)), recorder
}

// call simulates one call of an instrumented driver.
func call(ctx context.Context, t *tracing.Tracer, system string, err error) {
	_, span := t.Driver(system).Tracer("driver").Start(ctx, "call")
	if err != nil {
		span.RecordError(err)
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
}

func TestStartWorkJoinsTrace(t *testing.T) {
	t.Parallel()
	const entry = "00-4bf92f3577b34da6a3ce929d0e0e4736-1111111111111111-01"
	for name, tt := range map[string]struct {
		kept, entry, wantParent string
		wantLinks               int
	}{
		"kept and entry":     {kept, entry, "00f067aa0ba902b7", 1},
		"entry of a release": {kept, "", "00f067aa0ba902b7", 0},
		"not kept":           {"", entry, "1111111111111111", 0},
		"neither":            {"", "", "0000000000000000", 0},
		"invalid":            {"xx", "", "0000000000000000", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tracer, recorder := newTracer()
			_, span := tracer.StartWork(tracing.WithTraceparent(t.Context(), tt.entry), "work", tt.kept)
			span.End()
			got := recorder.Ended()[0]
			if parent := got.Parent().SpanID().String(); parent != tt.wantParent || len(got.Links()) != tt.wantLinks {
				t.Errorf("parent = %s with %d links, want %s with %d", parent, len(got.Links()), tt.wantParent, tt.wantLinks)
			}
			if wantSame := tt.wantParent != "0000000000000000"; wantSame != (got.SpanContext().TraceID().String() == tracing.IDOf(kept)) {
				t.Errorf("trace = %s, want %s: %v", got.SpanContext().TraceID(), tracing.IDOf(kept), wantSame)
			}
		})
	}
}

// TestCallsAreBounded checks that only the first calls of a request get a span, that a step has totals
// only, and that a call without either is not recorded.
func TestCallsAreBounded(t *testing.T) {
	t.Parallel()
	tracer, recorder := newTracer()
	ctx, request := tracer.StartWork(t.Context(), "request", "")
	ctx, report := tracing.CountCalls(ctx, 2)
	for range 3 {
		call(ctx, tracer, tracing.Postgres, nil)
	}
	report()
	stepCtx, step := tracing.StartTotals(ctx, "step")
	call(stepCtx, tracer, tracing.Postgres, nil)
	call(stepCtx, tracer, tracing.Redis, nil)
	step.End()
	request.End()
	call(t.Context(), tracer, tracing.Redis, nil)
	var got []string
	for _, span := range recorder.Ended() {
		text := span.Name()
		for _, a := range span.Attributes() {
			if strings.HasSuffix(string(a.Key), ".calls") {
				text += " " + string(a.Key) + "=" + a.Value.String()
			}
		}
		got = append(got, text)
	}
	want := []string{
		"call", "call", "step longshore.postgres.calls=1 longshore.redis.calls=1", "request longshore.postgres.calls=3",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}

// TestCallsHideErrors checks that the text of an error, which may quote data, is not in a span.
func TestCallsHideErrors(t *testing.T) {
	t.Parallel()
	tracer, recorder := newTracer()
	ctx, parent := tracer.StartWork(t.Context(), "request", "")
	ctx, _ = tracing.CountCalls(ctx, 1)
	call(ctx, tracer, tracing.Postgres, errors.New("hush"))
	tracing.Fail(parent, errors.New("hush"))
	parent.End()
	for _, span := range recorder.Ended() {
		if span.Status().Code != codes.Error || span.Status().Description != "" || len(span.Events()) != 0 {
			t.Errorf("%s: status = %+v with events %v, want an error without text", span.Name(), span.Status(), span.Events())
		}
	}
}

// TestOffIsFree checks that code with spans costs no allocation while tracing is off.
func TestOffIsFree(t *testing.T) {
	ctx := t.Context()
	id := uuid.New()
	allocations := testing.AllocsPerRun(100, func() {
		ctx, span := tracing.Start(tracing.WithTraceparent(ctx, ""), "seal")
		tracing.SetOperation(ctx, id)
		tracing.Fail(span, context.Canceled)
		if tracing.Traceparent(ctx) != "" || tracing.ID(ctx) != "" {
			t.Error("there is a trace although tracing is off")
		}
		span.End()
	})
	if allocations != 0 {
		t.Errorf("allocations = %v, want 0", allocations)
	}
}

// TestUnsampledIsSilent checks that the trace that a client does not want recorded is not recorded, and
// that it still has its id.
func TestUnsampledIsSilent(t *testing.T) {
	t.Parallel()
	tracer, recorder := newTracer()
	ctx, span := tracer.StartWork(t.Context(), "work", strings.TrimSuffix(kept, "1")+"0")
	call(ctx, tracer, tracing.Postgres, nil)
	span.End()
	if got := tracing.ID(ctx); got != tracing.IDOf(kept) || len(recorder.Ended()) != 0 {
		t.Errorf("trace = %s with %d spans, want %s with none", got, len(recorder.Ended()), tracing.IDOf(kept))
	}
}

// BenchmarkStep measures the spans of a step with ten calls: without any code for traces, with tracing
// off, not sampled, and on.
func BenchmarkStep(b *testing.B) {
	discard := sdk.NewTracerProvider(sdk.WithSpanProcessor(sdk.NewBatchSpanProcessor(tracetest.NewNoopExporter())))
	tracer := tracing.New(discard)
	b.Run("none", func(b *testing.B) {
		for b.Loop() {
			_ = trace.SpanFromContext(b.Context())
		}
	})
	b.Run("off", func(b *testing.B) {
		for b.Loop() {
			ctx, span := tracing.StartTotals(b.Context(), "step")
			_ = tracing.Traceparent(ctx)
			span.End()
		}
	})
	for name, parent := range map[string]string{"unsampled": strings.TrimSuffix(kept, "1") + "0", "on": kept} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				ctx, span := tracer.StartWork(b.Context(), "step", parent)
				for range 10 {
					call(ctx, tracer, tracing.Postgres, nil)
				}
				span.End()
			}
		})
	}
}
