package report

import (
	"fmt"
	"slices"

	"github.com/longshore-io/longshore/e2e/bench/internal/spread"
)

const mebibyte = 1 << 20

// The promises of the product.
const (
	// minRatio is how fast an import is at least, in proportion to bare COPY.
	minRatio = 0.5
	// judgedRecords is how large an import must be for its ratio to be judged: what a small one takes is mostly waiting.
	judgedRecords = 1_000_000
	// maxLatency is how long a small import takes at most, in milliseconds, in the median.
	maxLatency = 200
)

// memoryLimits bound how far a process of a service grows above idle, in bytes.
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

// Judge fills the checks by what was measured.
func (r *Report) Judge() {
	r.Checks = nil
	for _, size := range r.sizes() {
		r.judgeRatio(size)
		r.judgeMemory(size)
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

func (r *Report) judgeRatio(size int) {
	ratio, found := r.median(size, New, Import.Ratio)
	if found && ratio > 0 && size >= judgedRecords {
		r.check(ratio >= minRatio, "an import of %s records runs at %.2f of bare COPY; at least %.1f is promised", number(size), ratio, minRatio)
	}
}

func (r *Report) judgeMemory(size int) {
	for _, limit := range memoryLimits {
		if grown, found := r.grown(size, limit.service); found {
			r.check(grown <= limit.bytes, "with %s records %s grows by %.1f MiB above idle; the limit is %d MiB",
				number(size), limit.service, mib(grown), limit.bytes/mebibyte)
		}
	}
}

func (r *Report) check(kept bool, format string, args ...any) {
	r.Checks = append(r.Checks, Check{Text: fmt.Sprintf(format, args...), Kept: kept})
}

// sizes lists the sizes that were imported, in the order of their first import.
func (r *Report) sizes() (sizes []int) {
	for _, i := range r.Imports {
		if !slices.Contains(sizes, i.Records) {
			sizes = append(sizes, i.Records)
		}
	}
	return sizes
}

// median is the median of a figure over the runs, and whether there was one.
func (r *Report) median(size int, kind Kind, figure func(Import, Load) float64) (float64, bool) {
	var values []float64
	for _, i := range r.Imports {
		for _, l := range i.Loads {
			if i.Records == size && l.Kind == kind {
				values = append(values, figure(i, l))
			}
		}
	}
	return spread.Median(values), len(values) > 0
}

// grown is the most that a process of the service grew above idle with imports of the size, and whether there was one.
func (r *Report) grown(size int, service string) (bytes int64, found bool) {
	for _, i := range r.Imports {
		for _, l := range i.Loads {
			if grown, measured := l.Grown(service); measured && i.Records == size {
				bytes, found = max(bytes, grown), true
			}
		}
	}
	return bytes, found
}

func mib(bytes int64) float64 { return float64(bytes) / mebibyte }
