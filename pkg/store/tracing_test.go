package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/tracing"
)

// TestStatementsAreTraced checks that a request's statements are in its trace with their text and
// without parameters, and that the trace context is kept with the operation.
func TestStatementsAreTraced(t *testing.T) {
	t.Parallel()
	recorder := tracetest.NewSpanRecorder()
	tracer := tracing.New(sdk.NewTracerProvider(sdk.WithSpanProcessor(recorder)))
	s := storetest.Open(t, storetest.NewDatabase(t), store.Options{Application: t.Name(), MaxConns: 2, Tracer: tracer})
	ctx, request := tracer.StartWork(t.Context(), "request", "")
	ctx, _ = tracing.CountCalls(ctx, 100)
	const secret = "hush4711"
	op, err := s.Accept(ctx, store.Draft{
		ID: uuid.New(), Reference: operation.NewReference(), Kind: operation.Search, Collection: secret, Lanes: 1,
		Traceparent: tracing.Traceparent(ctx),
	})
	if err != nil {
		t.Fatal(err)
	}
	request.End()
	var all strings.Builder
	for _, span := range recorder.Ended() {
		if span.SpanContext().TraceID() != request.SpanContext().TraceID() {
			t.Errorf("span %s is in another trace", span.Name())
		}
		fmt.Fprintln(&all, span.Name(), span.Attributes(), span.Events(), span.Status())
	}
	if text := all.String(); !strings.Contains(text, "INSERT INTO xforce.tasks") || strings.Contains(text, secret) {
		t.Errorf("spans = %s, want the statement without its parameters", text)
	}
	attempt, err := s.BeginAttempt(t.Context(), of(op, 0), op.Kind)
	if want := tracing.Traceparent(ctx); err != nil || attempt.Traceparent != want {
		t.Errorf("BeginAttempt() = %q, %v, want the kept trace context %q", attempt.Traceparent, err, want)
	}
	found, err := s.Traceparents(t.Context(), []uuid.UUID{op.ID, uuid.New()})
	if err != nil || len(found) != 1 || found[op.ID] != attempt.Traceparent {
		t.Errorf("Traceparents() = %v, %v, want that of the operation", found, err)
	}
}
