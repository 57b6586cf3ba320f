package report

import (
	"fmt"
	"slices"

	"github.com/montanaflynn/stats"
)

const mebibyte = 1 << 20

// The promises of the product.
const (
	// minRatio is the minimum speed of an import in relation to bare COPY.
	minRatio = 0.5
	// minJudgedRecords is the minimum size of an import for its ratio to be judged: the time of a
	// small one is mostly waiting.
	minJudgedRecords = 1_000_000
	// maxLatency is the maximum time of a small import in the median, in milliseconds.
	maxLatency = 200
)

// memoryLimits are the maximum growth of a process above idle, in bytes.
var memoryLimits = []struct {
	service string
	bytes   int64
}{
	{"api", 64 * mebibyte},
	{"importer", 128 * mebibyte},
}

// Check is a promise and whether it was kept.
type Check struct {
	Text string `json:"text"`
	Kept bool   `json:"kept"`
}

// Judge sets the checks.
func (r *Report) Judge() {
	r.Checks = nil
	for _, size := range r.sizes() {
		ratio, found := r.median(size, New, Import.Ratio)
		if found && ratio > 0 && size >= minJudgedRecords {
			r.check(ratio >= minRatio, "an import of %s records runs at %.2f of bare COPY; at least %.1f is promised", number(size), ratio, minRatio)
		}
		for _, limit := range memoryLimits {
			if growth, found := r.growth(size, limit.service); found {
				r.check(growth <= limit.bytes, "with %s records %s grows by %.1f MiB above idle; the limit is %d MiB",
					number(size), limit.service, mib(growth), limit.bytes/mebibyte)
			}
		}
	}
	if r.Latency != nil {
		r.check(r.Latency.Whole.Median < maxLatency, "a small import takes %.1f ms from POST to COMPLETED in the median; the limit is %d ms",
			r.Latency.Whole.Median, maxLatency)
	}
}

// Kept reports whether every promise was kept.
func (r *Report) Kept() bool {
	return !slices.ContainsFunc(r.Checks, func(c Check) bool { return !c.Kept })
}

func (r *Report) check(kept bool, format string, args ...any) {
	r.Checks = append(r.Checks, Check{Text: fmt.Sprintf(format, args...), Kept: kept})
}

// sizes returns the sizes of the imports, in the order of the first import of each.
func (r *Report) sizes() (sizes []int) {
	for _, i := range r.Imports {
		if !slices.Contains(sizes, i.Records) {
			sizes = append(sizes, i.Records)
		}
	}
	return sizes
}

// median returns the median of a figure over the runs, and false if there are none.
func (r *Report) median(size int, kind Kind, figure func(Import, Load) float64) (float64, bool) {
	var values stats.Float64Data
	for _, i := range r.Imports {
		for _, l := range i.Loads {
			if i.Records == size && l.Kind == kind {
				values = append(values, figure(i, l))
			}
		}
	}
	median, err := values.Median() // the error is that of an empty list
	return median, err == nil
}

// growth returns the maximum growth of a service's process over all imports of the size, and false
// if there are none.
func (r *Report) growth(size int, service string) (bytes int64, found bool) {
	for _, i := range r.Imports {
		for _, l := range i.Loads {
			if growth, measured := l.Growth(service); measured && i.Records == size {
				bytes, found = max(bytes, growth), true
			}
		}
	}
	return bytes, found
}

func mib(bytes int64) float64 { return float64(bytes) / mebibyte }
