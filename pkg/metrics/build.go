package metrics

import (
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
)

// version is set by who builds a release: -ldflags "-X github.com/longshore-io/longshore/pkg/metrics.version=v1.2.3".
var version string

// unversioned is what a program calls itself that was built from sources without a version.
const unversioned = "devel"

// Build shows what runs: the value is always 1, and everything is in the labels.
type Build struct{ prometheus.Gauge }

// NewBuild makes the metric of a service.
func NewBuild(service string) Build {
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "longshore_build_info", Help: "What runs: the service, its version, and the version of Go that it was built with. Always 1.",
		ConstLabels: prometheus.Labels{"service": service, "version": Version(), "goversion": runtime.Version()},
	})
	info.Set(1)
	return Build{info}
}

// Version returns the program's version: that of its release, or that of the module it was installed from, or devel.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return unversioned
}
