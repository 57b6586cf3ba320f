package metrics

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
)

// Build is the metric of the running build: its value is always 1, and its labels describe the build.
type Build struct{ prometheus.Gauge }

// NewBuild creates the metric for a service and its version.
func NewBuild(service, version string) Build {
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "longshore_build_info", Help: "The running service, its version, and the version of Go that it was built with. Always 1.",
		ConstLabels: prometheus.Labels{"service": service, "version": version, "goversion": runtime.Version()},
	})
	info.Set(1)
	return Build{info}
}
