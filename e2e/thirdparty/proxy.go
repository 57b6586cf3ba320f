package thirdparty

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Visit is a GET request that a Proxy received, with its response.
type Visit struct {
	Path        string
	LastEventID string // sent by an event client that reconnects
	// ReceivedAt is the time of the request, AnsweredAt that of the response's header.
	ReceivedAt, AnsweredAt time.Time
	Status                 int
	// Wait is the Retry-After of the response; Precise is its retry-after-ms, or else Wait.
	Wait, Precise time.Duration
}

// Proxy is a reverse proxy in front of the api that records the requests of clients and can reject
// them. It keeps the Host header, so that URLs in responses lead through the proxy.
type Proxy struct {
	server *httptest.Server

	mu       sync.Mutex
	visits   []Visit
	refusals []Refusal
}

// Refusal is an error response that the proxy sends instead of forwarding a request.
type Refusal struct {
	Status     int
	RetryAfter string
}

// NewProxy starts a proxy in front of the api at a URL, until the end of the test.
func NewProxy(tb testing.TB, apiURL string) *Proxy {
	tb.Helper()
	target, err := url.Parse(apiURL)
	if err != nil {
		tb.Fatalf("parsing the api's URL: %v", err)
	}
	p := &Proxy{}
	forward := &httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
	}
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			forward.ServeHTTP(w, r)
			return
		}
		response := &recordedWriter{ResponseWriter: w}
		receivedAt := time.Now()
		p.answer(response, r, forward)
		p.record(r, response, receivedAt)
	}))
	tb.Cleanup(p.server.Close)
	return p
}

// URL returns the proxy's URL.
func (p *Proxy) URL() string { return p.server.URL }

// Refuse makes the proxy answer the next GET requests with the refusals, one each.
func (p *Proxy) Refuse(refusals ...Refusal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusals = append(p.refusals, refusals...)
}

// Visits returns the answered GET requests, in the order in which they ended.
func (p *Proxy) Visits() []Visit {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.visits)
}

func (p *Proxy) answer(w http.ResponseWriter, r *http.Request, forward http.Handler) {
	p.mu.Lock()
	var refusal Refusal
	if len(p.refusals) > 0 {
		refusal, p.refusals = p.refusals[0], p.refusals[1:]
	}
	p.mu.Unlock()
	if refusal.Status == 0 {
		forward.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Retry-After", refusal.RetryAfter)
	w.WriteHeader(refusal.Status)
}

func (p *Proxy) record(r *http.Request, w *recordedWriter, receivedAt time.Time) {
	v := Visit{
		Path: r.URL.Path, LastEventID: r.Header.Get("Last-Event-ID"), ReceivedAt: receivedAt, AnsweredAt: w.answeredAt, Status: w.status,
		Wait: headerTime(w, "Retry-After", time.Second),
	}
	v.Precise = v.Wait
	if millis := headerTime(w, "Retry-After-Ms", time.Millisecond); millis > 0 {
		v.Precise = millis
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.visits = append(p.visits, v)
}

func headerTime(w http.ResponseWriter, name string, unit time.Duration) time.Duration {
	n, _ := strconv.Atoi(w.Header().Get(name))
	return time.Duration(n) * unit
}

// recordedWriter records the status of a response and the time of its header.
type recordedWriter struct {
	http.ResponseWriter

	status     int
	answeredAt time.Time
}

func (w *recordedWriter) WriteHeader(status int) {
	w.status, w.answeredAt = status, time.Now()
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets the proxy flush the response (http.ResponseController).
func (w *recordedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
