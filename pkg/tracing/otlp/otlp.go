// Package otlp exports the spans of a process to an OpenTelemetry collector, over OTLP/HTTP.
package otlp

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"github.com/longshore-io/longshore/pkg/tracing"
)

const (
	// stopTimeout bounds the export of the last spans when a service stops.
	stopTimeout = 2 * time.Second
	// logInterval is the shortest time between two messages about failed exports.
	logInterval = time.Minute
)

// Start returns a tracer whose spans are exported in the background. The SDK reads its variables,
// which config.Tracing documents, from the environment of the process. At most 2,048 spans wait for a
// receiver that is away or slow; further ones are dropped, so it delays nothing. stop exports the last
// spans, for at most two seconds.
func Start(ctx context.Context, service, version string, log *slog.Logger) (tracer *tracing.Tracer, stop func(), err error) {
	setGlobals(log)
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("preparing the export of traces: %w", err)
	}
	described, err := describe(service, version)
	if err != nil {
		return nil, nil, err
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(described))
	return tracing.New(provider), func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			log.Warn("the last spans were not exported", slog.Any("error", err))
		}
	}, nil
}

// describe returns the attributes of all spans. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
func describe(service, version string) (*resource.Resource, error) {
	own := resource.NewSchemaless(
		attribute.String("service.name", "longshore-"+service), attribute.String("service.version", version))
	all, err := resource.Merge(own, resource.Environment())
	if err != nil {
		return nil, fmt.Errorf("reading OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return all, nil
}

// setGlobals makes the SDK write its messages to log. The SDK has one handler for the whole process.
func setGlobals(log *slog.Logger) {
	otel.SetLogger(logr.FromSlogHandler(log.Handler()))
	var last atomic.Int64
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		now, before := time.Now().UnixNano(), last.Load()
		if now-before >= int64(logInterval) && last.CompareAndSwap(before, now) {
			log.Warn("spans were not exported", slog.Any("error", err))
		}
	}))
}
