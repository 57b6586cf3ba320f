package metrics

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/longshore-io/longshore/pkg/operation"
)

const (
	// NoRoute is the route of a request that none of the table's patterns matches.
	NoRoute = "none"
	// ClientLeft is the status of a request whose client did not wait for the answer, or did not take it. No client ever sees it: nginx'
	// number for that.
	ClientLeft = 499
	// otherMethod stands for all methods that HTTP does not define: their names are the clients' own, without a bound.
	otherMethod = "other"
	// requestExemplar is the label of an exemplar: the id of the request that was measured.
	requestExemplar = "request_id"
)

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// requestBuckets reach from a glance to the longest wait that a client may ask for, in seconds.
var requestBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// Requests measures what the api answers. It is safe for concurrent use.
type Requests struct {
	total    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight prometheus.Gauge
	accepted *prometheus.CounterVec
	accept   *prometheus.HistogramVec
}

// NewRequests makes the metrics.
func NewRequests() *Requests {
	r := &Requests{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "longshore_http_requests_total",
			Help: "Requests that were answered, by the route's pattern (none if there is no route) and status (499 if the client left).",
		}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "longshore_http_request_seconds", Buckets: requestBuckets,
			Help: "Time from a request's headers to the end of its answer, with the client's upload and all waiting that it asked for.",
		}, []string{"method", "route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "longshore_http_requests_in_flight", Help: "Requests that are being answered.",
		}),
		accepted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "longshore_operations_accepted_total", Help: "Operations that were accepted, by kind and collection.",
		}, []string{"kind", "collection"}),
		accept: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "longshore_accept_seconds", Buckets: requestBuckets,
			Help: "Time from the last byte of a body to the answer that an operation is accepted: Longshore's own work, without the client's upload.",
		}, []string{"kind"}),
	}
	for _, kind := range operation.Kinds() {
		r.accept.WithLabelValues(string(kind))
	}
	return r
}

// Describe sends what there is.
func (r *Requests) Describe(out chan<- *prometheus.Desc) {
	for _, c := range r.all() {
		c.Describe(out)
	}
}

// Collect sends what was measured.
func (r *Requests) Collect(out chan<- prometheus.Metric) {
	for _, c := range r.all() {
		c.Collect(out)
	}
}

func (r *Requests) all() []prometheus.Collector {
	return []prometheus.Collector{r.total, r.seconds, r.inFlight, r.accepted, r.accept}
}

// Answered is a request at its end.
type Answered struct {
	Method string
	// Route is the pattern of the table of routes, NoRoute if there is none: never what a client wrote.
	Route string
	// Status is that of HTTP, or ClientLeft.
	Status int
	Took   time.Duration
	// ID is the request's id, by which it is found in the logs.
	ID string
}

// Begin counts a request that is being answered. The function that it returns ends it.
func (r *Requests) Begin() func(Answered) {
	r.inFlight.Inc()
	return func(a Answered) {
		r.inFlight.Dec()
		method := a.Method
		if !slices.Contains(methods, method) {
			method = otherMethod
		}
		r.total.WithLabelValues(method, a.Route, strconv.Itoa(a.Status)).Inc()
		observe(r.seconds.WithLabelValues(method, a.Route), a.Took, requestExemplar, a.ID)
	}
}

// Accepted counts an operation that was accepted, and how long that took after the last byte of the request.
func (r *Requests) Accepted(op *operation.Operation, took time.Duration) {
	r.accepted.WithLabelValues(string(op.Kind), op.Collection).Inc()
	observe(r.accept.WithLabelValues(string(op.Kind)), took, operationExemplar, op.ID.String())
}

// observe names the observation by an exemplar, unless its value is longer than OpenMetrics lets it be.
func observe(to prometheus.Observer, took time.Duration, label, value string) {
	named, ok := to.(prometheus.ExemplarObserver)
	if !ok || value == "" || len(label)+len(value) > prometheus.ExemplarMaxRunes {
		to.Observe(took.Seconds())
		return
	}
	named.ObserveWithExemplar(took.Seconds(), prometheus.Labels{label: value})
}
