package queue

import (
	"context"
	"fmt"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/extra/redisotel/v9"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/tracing"
)

// Trace records commands as a part of traces. Spans contain the names of commands only. Call it before
// the first command.
func (r *Redis) Trace(t *tracing.Tracer) error {
	err := redisotel.InstrumentTracing(r.client, redisotel.WithTracerProvider(t.Driver(tracing.Redis)),
		redisotel.WithDBStatement(false), redisotel.WithCallerEnabled(false), redisotel.WithDialFilter(true))
	if err != nil {
		return fmt.Errorf("tracing Redis: %w", err)
	}
	return nil
}

// newEntry returns an entry. It carries the trace context of its dispatch as a header,
// which workers of earlier releases ignore.
func newEntry(ctx context.Context, kind job.Kind, e job.Entry) *asynq.Task {
	if traceparent := tracing.Traceparent(ctx); traceparent != "" {
		return asynq.NewTaskWithHeaders(string(kind), e.Encode(), map[string]string{tracing.Header: traceparent})
	}
	return asynq.NewTask(string(kind), e.Encode())
}

// traced returns ctx with the trace context of an entry, if the entry has one.
func traced(ctx context.Context, entry *asynq.Task) context.Context {
	return tracing.WithTraceparent(ctx, entry.Headers()[tracing.Header])
}
