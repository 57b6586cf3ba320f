// Package report holds what the benchmark measured, judges it by the product's promises, and shows it to people.
package report

import (
	"time"

	"github.com/longshore-io/longshore/e2e/bench/internal/spread"
)

// Report is what a run of the benchmark measured. Times are in seconds or milliseconds and memory is in bytes, as the
// names say in JSON.
type Report struct {
	// Setup tells in lines what was measured on, and how.
	Setup   []string `json:"setup"`
	Imports []Import `json:"imports,omitempty"`
	Latency *Latency `json:"latency,omitempty"`
	Idle    *Idle    `json:"idle,omitempty"`
	Checks  []Check  `json:"checks"`
}

// Import is what was measured with one file of records.
type Import struct {
	Run     int   `json:"run"` // from 1
	Records int   `json:"records"`
	Bytes   int64 `json:"bytes"`
	// Disturbance is the share of the processors that other programs used just before, from 0 to 1. Where they use much, a
	// figure says little, and the ratio favours the import, whose many processes get more of what is left than one stream.
	Disturbance float64 `json:"disturbance"`
	// Baselines are the times of bare COPY, before and after the loads.
	Baselines []Seconds `json:"baselineSeconds"`
	Loads     []Load    `json:"loads"`
}

// Kind says what an import finds in the table.
type Kind string

// The kinds: into an empty table, and the same file once more.
const (
	New   Kind = "new"
	Again Kind = "again"
)

// Load is one import, from the first byte sent to the answer that it has succeeded.
type Load struct {
	Kind Kind `json:"kind"`
	// Upload ends with the 202, Processing begins there.
	Upload     Seconds `json:"uploadSeconds"`
	Processing Seconds `json:"processingSeconds"`
	// Answers is how many answers the poller got, none of which went back.
	Answers   int       `json:"answers"`
	Processes []Process `json:"processes"`
}

// Process is what one process took for a load.
type Process struct {
	Service string  `json:"service"`
	Name    string  `json:"name"`
	Idle    int64   `json:"idleBytes"`
	Peak    int64   `json:"peakBytes"`
	CPU     Seconds `json:"cpuSeconds"`
}

// Seconds is a time; in JSON and in text it is a number of seconds.
type Seconds float64

// In converts a duration.
func In(d time.Duration) Seconds { return Seconds(d.Seconds()) }

// Total is the time of the whole load.
func (l Load) Total() Seconds { return l.Upload + l.Processing }

// Grown is the most by which a process of the service grew above idle, in bytes, and whether there was one.
func (l Load) Grown(service string) (bytes int64, found bool) {
	for _, p := range l.Processes {
		if p.Service == service {
			bytes, found = max(bytes, p.Peak-p.Idle), true
		}
	}
	return bytes, found
}

// Rate is how many records a second the load took in.
func (i Import) Rate(l Load) float64 { return perSecond(i.Records, l.Total()) }

// Baseline is the rate of bare COPY, from the mean time, and zero if it was not measured.
func (i Import) Baseline() float64 {
	var total Seconds
	for _, took := range i.Baselines {
		total += took
	}
	return perSecond(i.Records*len(i.Baselines), total)
}

// Ratio is the load's rate to that of bare COPY, and zero if the latter was not measured.
func (i Import) Ratio(l Load) float64 {
	if len(i.Baselines) == 0 {
		return 0
	}
	return i.Rate(l) / i.Baseline()
}

func perSecond(records int, took Seconds) float64 {
	if took <= 0 {
		return 0
	}
	return float64(records) / float64(took)
}

// Latency is what small imports take, one after another, in milliseconds.
type Latency struct {
	Imports int `json:"imports"`
	Records int `json:"recordsEach"`
	// Accepted is the time of the POST, Completed that from its answer to the status COMPLETED, Whole both.
	Accepted  Quantiles `json:"acceptedMilliseconds"`
	Completed Quantiles `json:"completedMilliseconds"`
	Whole     Quantiles `json:"wholeMilliseconds"`
}

// Quantiles describe measured times in milliseconds.
type Quantiles struct {
	Median float64 `json:"median"`
	P95    float64 `json:"p95"`
	Worst  float64 `json:"worst"`
}

// QuantilesOf describes the times.
func QuantilesOf(times []time.Duration) Quantiles {
	return Quantiles{
		Median: milliseconds(spread.Median(times)),
		P95:    milliseconds(spread.Percentile(times, 0.95)),
		Worst:  milliseconds(spread.Percentile(times, 1)),
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Idle is what the stack costs when nobody uses it.
type Idle struct {
	Observed  Seconds `json:"observedSeconds"`
	Importers int     `json:"importers"`
	// Commands are those that Redis carried out, the most frequent first.
	Commands []Command `json:"redisCommands"`
	RedisCPU Seconds   `json:"redisCpuSeconds"`
	// OtherClients is how many sessions of other programs Redis had, whose commands are in the figures.
	OtherClients int       `json:"redisOtherClients"`
	Processes    []Process `json:"processes"`
}

// Command is how often Redis carried out a command, from scripts too.
type Command struct {
	Name  string `json:"name"`
	Calls int64  `json:"calls"`
}

// CommandsPerSecond is what Redis carried out for the whole stack.
func (i Idle) CommandsPerSecond() float64 {
	var calls int64
	for _, c := range i.Commands {
		calls += c.Calls
	}
	return perSecond(int(calls), i.Observed)
}
