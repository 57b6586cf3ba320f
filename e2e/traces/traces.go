// Package traces receives the spans of services over OTLP/HTTP, as a collector does.
package traces

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is a received span. Ids are hexadecimal.
type Span struct {
	Service, Name string
	Trace, ID     string
	// Parent is the id of the parent; empty for the first span of a trace.
	Parent string
	// Links are the ids of the linked spans.
	Links []string
	// Attributes are those of the span, as text.
	Attributes map[string]string
	// Text is the whole span as text, for the search for what must not be in it.
	Text string
}

// Receiver keeps all spans that it receives. It is safe for concurrent use.
type Receiver struct {
	server *httptest.Server

	mu    sync.Mutex
	spans []Span
}

// Start starts a receiver, which stops at the end of the test.
func Start(tb testing.TB) *Receiver {
	tb.Helper()
	r := &Receiver{}
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if err := r.receive(request); err != nil {
			tb.Errorf("receiving spans: %v", err)
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	tb.Cleanup(r.server.Close)
	return r
}

// URL returns the receiver's address, for OTEL_EXPORTER_OTLP_ENDPOINT.
func (r *Receiver) URL() string { return r.server.URL }

// Of returns the received spans of a trace.
func (r *Receiver) Of(trace string) []Span {
	return slices.DeleteFunc(r.All(), func(s Span) bool { return s.Trace != trace })
}

// All returns all received spans.
func (r *Receiver) All() []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.spans)
}

// receive decodes an ExportTraceServiceRequest, which has the wire format of a TracesData.
func (r *Receiver) receive(request *http.Request) error {
	if request.URL.Path != "/v1/traces" {
		return fmt.Errorf("path %s, want /v1/traces", request.URL.Path)
	}
	var body io.Reader = request.Body
	if request.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(request.Body)
		if err != nil {
			return fmt.Errorf("decompressing: %w", err)
		}
		body = unzipped
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	var data tracev1.TracesData
	if err := proto.Unmarshal(content, &data); err != nil {
		return fmt.Errorf("decoding: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, resource := range data.GetResourceSpans() {
		service := attributesOf(resource.GetResource().GetAttributes())["service.name"]
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				r.spans = append(r.spans, spanOf(service, span))
			}
		}
	}
	return nil
}

func spanOf(service string, s *tracev1.Span) Span {
	span := Span{
		Service: service, Name: s.GetName(), Trace: fmt.Sprintf("%x", s.GetTraceId()), ID: fmt.Sprintf("%x", s.GetSpanId()),
		Parent: fmt.Sprintf("%x", s.GetParentSpanId()), Attributes: attributesOf(s.GetAttributes()), Text: s.String(),
	}
	for _, link := range s.GetLinks() {
		span.Links = append(span.Links, fmt.Sprintf("%x", link.GetSpanId()))
	}
	return span
}

func attributesOf(pairs []*commonv1.KeyValue) map[string]string {
	attributes := make(map[string]string)
	for _, pair := range pairs {
		switch value := pair.GetValue().GetValue().(type) {
		case *commonv1.AnyValue_StringValue:
			attributes[pair.GetKey()] = value.StringValue
		case *commonv1.AnyValue_IntValue:
			attributes[pair.GetKey()] = fmt.Sprint(value.IntValue)
		case *commonv1.AnyValue_DoubleValue:
			attributes[pair.GetKey()] = fmt.Sprint(value.DoubleValue)
		}
	}
	return attributes
}
