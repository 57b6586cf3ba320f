// Package report contains what the benchmark measured, checks it against the product's promises,
// and prints it.
package report

import (
	"encoding/json"
	"io"
	"time"

	"github.com/montanaflynn/stats"
)

// Report is the result of a benchmark. The names in JSON contain the units; memory is in bytes.
type Report struct {
	// Setup describes, in lines, the machine, the servers and the method.
	Setup   []string `json:"setup"`
	Imports []Import `json:"imports,omitempty"`
	Latency *Latency `json:"latency,omitempty"`
	Idle    *Idle    `json:"idle,omitempty"`
	Small   []Small  `json:"small,omitempty"`
	Polls   []Polls  `json:"polls,omitempty"`
	Checks  []Check  `json:"checks"`
}

// Import is what was measured with one file of records.
type Import struct {
	Run     int   `json:"run"` // from 1
	Records int   `json:"records"`
	Bytes   int64 `json:"bytes"`
	// Disturbance is the share of the processors that other programs used just before, from 0 to 1. A
	// high share makes the results unreliable. The ratio then favours the import, whose many processes
	// get more of the remaining time than one COPY.
	Disturbance float64 `json:"disturbance"`
	// Baselines are the times of bare COPY, before and after the loads.
	Baselines []Seconds `json:"baselineSeconds"`
	Loads     []Load    `json:"loads"`
}

// Kind is the state of the table before an import.
type Kind string

// The kinds: into an empty table, and the same file again.
const (
	New   Kind = "new"
	Again Kind = "again"
)

// Load is one import, from the first byte sent to the response that it has succeeded.
type Load struct {
	Kind Kind `json:"kind"`
	// Upload ends with the 202. Processing starts there.
	Upload     Seconds `json:"uploadSeconds"`
	Processing Seconds `json:"processingSeconds"`
	// Responses is the number of polls. The progress never decreased.
	Responses int       `json:"answers"`
	Processes []Process `json:"processes"`
}

// Process is what one process used during a load.
type Process struct {
	Service string  `json:"service"`
	Name    string  `json:"name"`
	Idle    int64   `json:"idleBytes"`
	Peak    int64   `json:"peakBytes"`
	CPU     Seconds `json:"cpuSeconds"`
}

// Seconds is a duration as a number of seconds.
type Seconds float64

// ToSeconds converts a duration.
func ToSeconds(d time.Duration) Seconds { return Seconds(d.Seconds()) }

// Total returns the time of the whole load.
func (l Load) Total() Seconds { return l.Upload + l.Processing }

// Growth returns by how many bytes the processes of a service grew above idle at most, and whether
// it was measured.
func (l Load) Growth(service string) (bytes int64, found bool) {
	for _, p := range l.Processes {
		if p.Service == service {
			bytes, found = max(bytes, p.Peak-p.Idle), true
		}
	}
	return bytes, found
}

// Rate returns the load's records per second.
func (i Import) Rate(l Load) float64 { return perSecond(i.Records, l.Total()) }

// Baseline returns the records per second of bare COPY by its mean time, and 0 if it was not
// measured.
func (i Import) Baseline() float64 {
	var total Seconds
	for _, elapsed := range i.Baselines {
		total += elapsed
	}
	return perSecond(i.Records*len(i.Baselines), total)
}

// Ratio returns the load's rate divided by that of bare COPY, and 0 if the latter was not measured.
func (i Import) Ratio(l Load) float64 {
	if len(i.Baselines) == 0 {
		return 0
	}
	return i.Rate(l) / i.Baseline()
}

func perSecond(count int, elapsed Seconds) float64 {
	if elapsed <= 0 {
		return 0
	}
	return float64(count) / float64(elapsed)
}

// Latency is the time of small imports, one after another.
type Latency struct {
	Imports int `json:"imports"`
	Records int `json:"recordsEach"`
	// Accepted is the time of the POST, Completed that from its response to the status COMPLETED, and
	// Whole both.
	Accepted  Quantiles `json:"acceptedMilliseconds"`
	Completed Quantiles `json:"completedMilliseconds"`
	Whole     Quantiles `json:"wholeMilliseconds"`
}

// Quantiles summarise measured times in milliseconds.
type Quantiles struct {
	Median float64 `json:"median"`
	P95    float64 `json:"p95"`
	Worst  float64 `json:"worst"`
}

// QuantilesOf summarises the times, of which there must be one. P95 is by the nearest-rank method.
func QuantilesOf(times []time.Duration) Quantiles {
	data := make(stats.Float64Data, len(times))
	for i, elapsed := range times {
		data[i] = float64(elapsed) / float64(time.Millisecond)
	}
	var q Quantiles // the errors are those of an empty list
	q.Median, _ = data.Median()
	q.P95, _ = data.PercentileNearestRank(95)
	q.Worst, _ = data.Max()
	return q
}

// Idle is what the services use when there is nothing to do.
type Idle struct {
	Observed  Seconds `json:"observedSeconds"`
	Importers int     `json:"importers"`
	// Commands are those that Redis executed, the most frequent first.
	Commands []Command `json:"redisCommands"`
	RedisCPU Seconds   `json:"redisCpuSeconds"`
	// OtherClients is the number of other programs' connections to Redis. Their commands are counted
	// too.
	OtherClients int       `json:"redisOtherClients"`
	Processes    []Process `json:"processes"`
}

// Command is how often Redis executed a command, also in scripts.
type Command struct {
	Name  string `json:"name"`
	Calls int64  `json:"calls"`
}

// CommandsPerSecond returns the rate of all commands.
func (i Idle) CommandsPerSecond() float64 {
	var calls int64
	for _, c := range i.Commands {
		calls += c.Calls
	}
	return perSecond(int(calls), i.Observed)
}

// JSON writes the report with the rates that follow from the measured times.
func (r *Report) JSON(out io.Writer) error {
	type load struct {
		Load
		Rate  float64 `json:"recordsPerSecond"`
		Ratio float64 `json:"ratioToBareCopy,omitempty"`
	}
	type measured struct {
		Import
		Loads    []load  `json:"loads"`
		Baseline float64 `json:"bareCopyRecordsPerSecond,omitempty"`
	}
	document := struct {
		*Report
		Imports []measured `json:"imports,omitempty"`
	}{Report: r}
	for _, i := range r.Imports {
		m := measured{Import: i, Baseline: i.Baseline()}
		for _, l := range i.Loads {
			m.Loads = append(m.Loads, load{Load: l, Rate: i.Rate(l), Ratio: i.Ratio(l)})
		}
		document.Imports = append(document.Imports, m)
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}
