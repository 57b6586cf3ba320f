package metrics

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/longshore-io/longshore/pkg/operation"
)

// Records counts the outcomes of records, and the reasons of those that are rejected. It is safe for concurrent use.
type Records struct{ outcomes, rejected *prometheus.CounterVec }

// OtherReason is the reason of rejected records whose code is not among RejectionReasons.
const OtherReason = "other"

// rejectionReasons are the codes of packages record and schema, and of package load.
var rejectionReasons = strings.Fields(`not-an-object malformed-json duplicate-member unknown-member invalid-utf8 lone-surrogate nul-character
	number-out-of-range too-deep too-many-members
	required dependent-required type enum const any-of one-of not too-short too-long pattern format minimum maximum exclusive-minimum exclusive-maximum
	multiple-of too-few-items too-many-items too-few-members duplicate-items contains member-name schema
	not-null-violation type-mismatch value-out-of-range value-too-long invalid-value inexact-value check-violation no-partition foreign-key-violation
	unique-violation exclusion-violation not-allowed already-exists no-such-key refused-by-database`)

// RejectionReasons returns the values of the label reason but OtherReason.
func RejectionReasons() []string { return slices.Clone(rejectionReasons) }

// NewRecords returns the counters. The series of the outcomes of the given collections exist with a value of 0 from
// the start, so that rates include the first records.
func NewRecords(collections ...string) *Records {
	r := &Records{
		prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "longshore_records_total", Help: "Records whose outcome is committed, by collection and outcome.",
		}, []string{"collection", "outcome"}),
		prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "longshore_records_rejected_total", Help: "Rejected records, by collection and by the code of the first reason of each.",
		}, []string{"collection", "reason"}),
	}
	for _, name := range collections {
		r.Count(name, operation.Counts{})
	}
	return r
}

// Describe implements prometheus.Collector.
func (r *Records) Describe(descriptions chan<- *prometheus.Desc) {
	r.outcomes.Describe(descriptions)
	r.rejected.Describe(descriptions)
}

// Collect implements prometheus.Collector.
func (r *Records) Collect(collected chan<- prometheus.Metric) {
	r.outcomes.Collect(collected)
	r.rejected.Collect(collected)
}

// Count counts the records of a committed step.
func (r *Records) Count(collection string, n operation.Counts) {
	for outcome, count := range map[operation.Outcome]int{
		operation.Created: n.Created, operation.Updated: n.Updated, operation.Superseded: n.Superseded, operation.Rejected: n.Failed,
	} {
		r.outcomes.WithLabelValues(collection, outcome.String()).Add(float64(count))
	}
}

// CountRejected counts the rejected records of a committed step: how many there are for each code.
func (r *Records) CountRejected(collection string, byCode map[string]int) {
	for code, count := range byCode {
		if !slices.Contains(rejectionReasons, code) {
			code = OtherReason
		}
		r.rejected.WithLabelValues(collection, code).Add(float64(count))
	}
}
