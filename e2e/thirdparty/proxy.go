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

// Visit is a GET that came through a Proxy, and what it was answered.
type Visit struct {
	Path        string
	LastEventID string // of a client of events that comes back
	// ReceivedAt is when the request came, Answered when the head of its answer went.
	ReceivedAt, AnsweredAt time.Time
	Status                 int
	// Wait is how long the answer asked to wait: Precise in milliseconds, for clients that know retry-after-ms, else in whole seconds.
	Wait, Precise time.Duration
}

// Proxy stands before the api, so that a test can see what clients do, and can refuse them. It keeps the Host, so that the addresses
// that the api hands out lead through it.
type Proxy struct {
	server *httptest.Server

	mu       sync.Mutex
	visits   []Visit
	refusals []Refusal
}

// Refusal is an answer that a proxy gives in place of the api.
type Refusal struct {
	Status     int
	RetryAfter string
}

// NewProxy makes a proxy before the address, closed when the test ends.
func NewProxy(tb testing.TB, address string) *Proxy {
	tb.Helper()
	target, err := url.Parse(address)
	if err != nil {
		tb.Fatalf("reading the api's address: %v", err)
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
		seen := &watched{ResponseWriter: w}
		asked := time.Now()
		p.answer(seen, r, forward)
		p.note(r, seen, asked)
	}))
	tb.Cleanup(p.server.Close)
	return p
}

// URL is the proxy's address.
func (p *Proxy) URL() string { return p.server.URL }

// Refuse answers the next GETs with the refusals, one each.
func (p *Proxy) Refuse(refusals ...Refusal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusals = append(p.refusals, refusals...)
}

// Visits lists the GETs that have been answered, in the order of their ends.
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

func (p *Proxy) note(r *http.Request, w *watched, asked time.Time) {
	v := Visit{
		Path: r.URL.Path, LastEventID: r.Header.Get("Last-Event-ID"), ReceivedAt: asked, AnsweredAt: w.answered, Status: w.status,
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

// watched keeps the status of an answer, and when it went.
type watched struct {
	http.ResponseWriter

	status   int
	answered time.Time
}

func (w *watched) WriteHeader(status int) {
	w.status, w.answered = status, time.Now()
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets the proxy flush what it has (http.ResponseController).
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }
