package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Tracing documents and checks the variables with which OpenTelemetry's SDK exports traces. The SDK
// reads them itself.
type Tracing struct {
	// Endpoint is the address of an OTLP receiver over HTTP, such as http://collector:4318. Spans are
	// sent to its path /v1/traces. Empty, and OTEL_EXPORTER_OTLP_TRACES_ENDPOINT empty too, turns
	// tracing off. The other variables of OpenTelemetry's SDK for the export of traces are in force
	// too, such as those for certificates, timeouts and batches.
	Endpoint string `env:"OTEL_EXPORTER_OTLP_ENDPOINT" secret:"url"`
	// TracesEndpoint is the complete address for traces, and replaces OTEL_EXPORTER_OTLP_ENDPOINT.
	TracesEndpoint string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" secret:"url"`
	// Headers is the list of additional headers for the receiver: name=value pairs, separated by commas,
	// with percent-encoded values.
	Headers string `env:"OTEL_EXPORTER_OTLP_HEADERS" secret:"all"`
	// Sampler is the rule that chooses the traces that are recorded: always_on, always_off,
	// traceidratio, or one of them with the prefix parentbased_. With the prefix the flag in the
	// traceparent of a request decides, and the rule only if the request has none.
	Sampler string `env:"OTEL_TRACES_SAMPLER" envDefault:"parentbased_always_on"`
	// SamplerArg is the share of the traces that traceidratio records, from 0 to 1. Empty means 1.
	SamplerArg string `env:"OTEL_TRACES_SAMPLER_ARG"`
}

// samplers are the values of OTEL_TRACES_SAMPLER.
var samplers = []string{
	"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio",
}

// Enabled reports whether traces are exported.
func (t Tracing) Enabled() bool { return t.Endpoint != "" || t.TracesEndpoint != "" }

// Check returns an error for values that the SDK would ignore.
func (t Tracing) Check() error {
	var errs []error
	if !slices.Contains(samplers, t.Sampler) {
		errs = append(errs, fmt.Errorf("OTEL_TRACES_SAMPLER must be one of %s, not %q", strings.Join(samplers, ", "), t.Sampler))
	}
	if share, err := strconv.ParseFloat(t.SamplerArg, 64); t.SamplerArg != "" && (err != nil || !(share >= 0 && share <= 1)) {
		errs = append(errs, fmt.Errorf("OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1, not %q", t.SamplerArg))
	}
	for variable, address := range map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": t.Endpoint, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": t.TracesEndpoint,
	} {
		if address != "" && !isWebAddress(address) {
			errs = append(errs, errors.New(variable+" must be an address such as http://collector:4318"))
		}
	}
	return errors.Join(errs...)
}

func isWebAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
