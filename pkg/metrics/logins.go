package metrics

import "github.com/prometheus/client_golang/prometheus"

// The reasons of a refused login.
const (
	// LoginRefused: the name or the password is wrong.
	LoginRefused = "refused"
	// LoginThrottled: the client has sent too many wrong logins, so that this one was not compared.
	LoginThrottled = "throttled"
)

// Logins counts the refused logins of the console. It is safe for concurrent use.
type Logins struct{ refused *prometheus.CounterVec }

// NewLogins returns the metric, with a series for each reason.
func NewLogins() *Logins {
	l := &Logins{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "longshore_console_logins_refused_total",
		Help: "Refused logins of the console, by reason: refused (wrong name or password), throttled (too many wrong ones).",
	}, []string{"reason"})}
	for _, reason := range []string{LoginRefused, LoginThrottled} {
		l.refused.WithLabelValues(reason)
	}
	return l
}

// Refused counts a refused login.
func (l *Logins) Refused(reason string) { l.refused.WithLabelValues(reason).Inc() }

// Describe implements prometheus.Collector.
func (l *Logins) Describe(out chan<- *prometheus.Desc) { l.refused.Describe(out) }

// Collect implements prometheus.Collector.
func (l *Logins) Collect(out chan<- prometheus.Metric) { l.refused.Collect(out) }
