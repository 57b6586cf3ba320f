package session

import (
	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/longshore-io/longshore/pkg/tracing"
)

// newStatementTracer returns the driver's hook that records statements. Spans contain the text of a
// statement, and neither its parameters nor the address of the database.
func newStatementTracer(t *tracing.Tracer) pgx.QueryTracer {
	return otelpgx.NewTracer(
		otelpgx.WithTracerProvider(t.Driver(tracing.Postgres)), otelpgx.WithMeterProvider(noop.NewMeterProvider()),
		otelpgx.WithDisableConnectionDetailsInAttributes(), otelpgx.WithDisableAcquireTracer(),
	)
}
