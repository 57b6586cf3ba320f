package config_test

import (
	"testing"

	"github.com/longshore-io/longshore/pkg/config"
)

func TestTracingCheck(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		variable, value string
		valid           bool
	}{
		"collector":          {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318", true},
		"without a scheme":   {"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", false},
		"gRPC":               {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "grpc://collector:4317", false},
		"sampler":            {"OTEL_TRACES_SAMPLER", "parentbased_traceidratio", true},
		"unknown sampler":    {"OTEL_TRACES_SAMPLER", "jaeger_remote", false},
		"share":              {"OTEL_TRACES_SAMPLER_ARG", "0.01", true},
		"share above all":    {"OTEL_TRACES_SAMPLER_ARG", "1.5", false},
		"share of NaN":       {"OTEL_TRACES_SAMPLER_ARG", "NaN", false},
		"share as a percent": {"OTEL_TRACES_SAMPLER_ARG", "1%", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, err := config.Load[config.Tracing](map[string]string{tt.variable: tt.value})
			if (err == nil) != tt.valid {
				t.Errorf("Load(%s=%s) = %v, want valid: %v", tt.variable, tt.value, err, tt.valid)
			}
			if want := name == "collector"; tt.valid && cfg.Enabled() != want {
				t.Errorf("Enabled() = %v, want %v", cfg.Enabled(), want)
			}
		})
	}
}
