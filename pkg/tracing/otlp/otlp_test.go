package otlp_test

import (
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/tracing/otlp"
)

// TestSilentReceiverDelaysNothing checks that spans and the end of a service do not wait for a receiver
// that accepts connections and never answers.
func TestSilentReceiverDelaysNothing(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at the end
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+listener.Addr().String())
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
	log := make(logLines, 10)
	tracer, stop, err := otlp.Start(t.Context(), "example", "v1", slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	const spans, limit = 20_000, 10 * time.Second // the exporter itself waits for ten seconds
	started := time.Now()
	for range spans {
		_, span := tracer.StartWork(t.Context(), "work", "")
		span.End()
	}
	stop()
	if took := time.Since(started); took > limit {
		t.Errorf("%d spans and the stop took %s, want less than %s", spans, took, limit)
	}
	const want = "the last spans were not exported"
	for {
		select {
		case line := <-log:
			if strings.Contains(line, want) {
				return
			}
		default:
			t.Fatalf("the log does not contain %q", want)
		}
	}
}

// logLines is a log whose lines the test receives. The exporter writes to it in the background.
type logLines chan string

// Write implements io.Writer. It discards what the test does not receive.
func (l logLines) Write(line []byte) (int, error) {
	select {
	case l <- string(line):
	default:
	}
	return len(line), nil
}
