package metrics

import "github.com/prometheus/client_golang/prometheus"

// The reasons of a rejection.
const (
	// RejectedClient: the client exceeds its own share.
	RejectedClient = "client"
	// RejectedServer: all clients together exceed the limit.
	RejectedServer = "server"
	// RejectedStorage: the schema xforce has reached its size limit.
	RejectedStorage = "storage"
)

// Admission shows what requests occupy, and how many were refused. It is safe for concurrent use.
type Admission struct {
	used, limit        *prometheus.GaugeVec
	admitted, rejected *prometheus.CounterVec
}

// NewAdmission returns the metrics.
func NewAdmission() *Admission {
	return &Admission{
		used: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "longshore_admission_used", Help: "How much of a resource requests occupy, by resource.",
		}, []string{"resource"}),
		limit: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "longshore_admission_limit", Help: "Limit of a resource for all clients together, by resource; 0 means none.",
		}, []string{"resource"}),
		admitted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "longshore_admission_admitted_total", Help: "Admissions, by resource. A request may be admitted several times, as it needs more.",
		}, []string{"resource"}),
		rejected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "longshore_admission_rejected_total",
			Help: "Refused admissions, by resource and reason: client (its own share, 429), server (full, 503), storage (507).",
		}, []string{"resource", "reason"}),
	}
}

// SetLimit records the limit of a resource.
func (a *Admission) SetLimit(resource string, limit int64) {
	a.limit.WithLabelValues(resource).Set(float64(limit))
	for _, reason := range []string{RejectedClient, RejectedServer} {
		a.rejected.WithLabelValues(resource, reason)
	}
}

// SetUsed records how much of a resource is taken.
func (a *Admission) SetUsed(resource string, used int64) {
	a.used.WithLabelValues(resource).Set(float64(used))
}

// Admitted counts an admission.
func (a *Admission) Admitted(resource string) { a.admitted.WithLabelValues(resource).Inc() }

// Rejected counts a refusal.
func (a *Admission) Rejected(resource, reason string) {
	a.rejected.WithLabelValues(resource, reason).Inc()
}

// Describe implements prometheus.Collector.
func (a *Admission) Describe(out chan<- *prometheus.Desc) {
	for _, c := range a.collectors() {
		c.Describe(out)
	}
}

// Collect implements prometheus.Collector.
func (a *Admission) Collect(out chan<- prometheus.Metric) {
	for _, c := range a.collectors() {
		c.Collect(out)
	}
}

func (a *Admission) collectors() []prometheus.Collector {
	return []prometheus.Collector{a.used, a.limit, a.admitted, a.rejected}
}
