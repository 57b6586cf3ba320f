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
	// NoRoute is the route of a request that matches no pattern of the route table.
	NoRoute = "none"
	// ClientLeft is the status of a request whose client disconnected or did not read the response;
	// the number is that of nginx.
	ClientLeft = 499
	// otherMethod replaces methods that HTTP does not define, because clients could create any
	// number of them.
	otherMethod = "other"
	// requestExemplar is the exemplar label for the id of the measured request.
	requestExemplar = "request_id"
)

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// requestBuckets range from a fast read to the longest wait that a client may request, in seconds.
var requestBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// Requests measures the requests to the api. It is safe for concurrent use.
type Requests struct {
	total    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight prometheus.Gauge
	accepted *prometheus.CounterVec
	accept   *prometheus.HistogramVec
}

// NewRequests returns the metrics.
func NewRequests() *Requests {
	r := &Requests{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "longshore_http_requests_total",
			Help: "Finished requests, by method, route pattern (none if no route matches), status (499 if the client disconnected) " +
				"and whether they were refused for lack of room (true: longshore_admission_rejected_total has the resource).",
		}, []string{"method", "route", "status", "refused"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "longshore_http_request_seconds", Buckets: requestBuckets,
			Help: "Time from the headers of a request to the end of its response, including the upload and the wait that the client requested.",
		}, []string{"method", "route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "longshore_http_requests_in_flight", Help: "Requests that are being processed.",
		}),
		accepted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "longshore_operations_accepted_total", Help: "Accepted operations, by kind and collection.",
		}, []string{"kind", "collection"}),
		accept: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "longshore_accept_seconds", Buckets: requestBuckets,
			Help: "Time from the last byte of a request body to the response that accepts its operation, by kind; the upload is not included.",
		}, []string{"kind"}),
	}
	for _, kind := range operation.Kinds() {
		r.accept.WithLabelValues(string(kind))
	}
	return r
}

// Describe implements prometheus.Collector.
func (r *Requests) Describe(out chan<- *prometheus.Desc) {
	for _, c := range r.collectors() {
		c.Describe(out)
	}
}

// Collect implements prometheus.Collector.
func (r *Requests) Collect(out chan<- prometheus.Metric) {
	for _, c := range r.collectors() {
		c.Collect(out)
	}
}

func (r *Requests) collectors() []prometheus.Collector {
	return []prometheus.Collector{r.total, r.seconds, r.inFlight, r.accepted, r.accept}
}

// Request describes a finished request.
type Request struct {
	Method string
	// Route is a pattern of the route table, or NoRoute; never the path that the client sent.
	Route string
	// Status is the HTTP status, or ClientLeft.
	Status int
	// Refused means that the service works as it should and has no room for the request.
	Refused  bool
	Duration time.Duration
	// ID is the request id, which the logs contain.
	ID string
}

// Begin records the start of a request. The returned function must be called once at its end.
func (r *Requests) Begin() func(Request) {
	r.inFlight.Inc()
	return func(q Request) {
		r.inFlight.Dec()
		method := q.Method
		if !slices.Contains(methods, method) {
			method = otherMethod
		}
		r.total.WithLabelValues(method, q.Route, strconv.Itoa(q.Status), strconv.FormatBool(q.Refused)).Inc()
		observe(r.seconds.WithLabelValues(method, q.Route), q.Duration, requestExemplar, q.ID)
	}
}

// Accepted counts an accepted operation, and the time between the last byte of its request and the
// response.
func (r *Requests) Accepted(op *operation.Operation, elapsed time.Duration) {
	r.accepted.WithLabelValues(string(op.Kind), op.Collection).Inc()
	observe(r.accept.WithLabelValues(string(op.Kind)), elapsed, operationExemplar, op.ID.String())
}

// observe adds an exemplar to the observation, unless it exceeds the length limit of OpenMetrics.
func observe(o prometheus.Observer, elapsed time.Duration, label, value string) {
	exemplars, ok := o.(prometheus.ExemplarObserver)
	if !ok || value == "" || len(label)+len(value) > prometheus.ExemplarMaxRunes {
		o.Observe(elapsed.Seconds())
		return
	}
	exemplars.ObserveWithExemplar(elapsed.Seconds(), prometheus.Labels{label: value})
}
