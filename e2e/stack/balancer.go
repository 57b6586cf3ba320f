package stack

import (
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"
)

const (
	// probeInterval is how often a balancer probes its backends; Kubernetes does it every few seconds.
	probeInterval = 100 * time.Millisecond
	// probeTimeout is the maximum time of one probe.
	probeTimeout = time.Second
)

// Balancer is a load balancer in front of several apis, like a Service of Kubernetes: it sends each
// request to one of the ready backends, over connections that are reused, and never retries. It
// counts responses and failures.
type Balancer struct {
	server *httptest.Server

	mu        sync.Mutex
	backends  []*backend
	next      int
	responses map[int]int // by status
	failures  []string
}

// backend is one api behind the balancer.
type backend struct {
	proxy *httputil.ReverseProxy
	admin string
	ready bool
}

// newBalancer starts a balancer without backends.
func newBalancer(tb testing.TB) *Balancer {
	tb.Helper()
	b := &Balancer{responses: make(map[int]int)}
	b.server = httptest.NewServer(b)
	tb.Cleanup(b.server.Close)
	ctx, stop := context.WithCancel(tb.Context())
	stopped := make(chan struct{})
	go func() { defer close(stopped); b.probe(ctx) }()
	tb.Cleanup(func() { stop(); <-stopped })
	return b
}

// add adds an api that listens at address (host:port) and whose admin listener is at the URL admin.
func (b *Balancer) add(address, admin string) {
	added := &backend{admin: admin, proxy: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address})}
	added.proxy.Transport = http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // documented by net/http
	added.proxy.FlushInterval = -1                                          // flush events immediately
	added.proxy.ErrorLog = log.New(io.Discard, "", 0)                       // the ErrorHandler records errors
	added.proxy.ErrorHandler = func(w http.ResponseWriter, r *http.Request, err error) {
		b.addFailure(fmt.Sprintf("%s %s: %v", r.Method, r.URL.Path, err))
		w.WriteHeader(http.StatusBadGateway)
	}
	added.proxy.ModifyResponse = func(r *http.Response) error {
		b.addResponse(r)
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.backends = append(b.backends, added)
}

// ServeHTTP sends a request to the next ready backend.
func (b *Balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	chosen := b.pick()
	if chosen == nil {
		b.addFailure(r.Method + " " + r.URL.Path + ": no backend is ready")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	r.Header["X-Forwarded-For"] = nil // as a balancer of connections: the apis see no proxy
	chosen.proxy.ServeHTTP(w, r)
}

func (b *Balancer) pick() *backend {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range b.backends {
		b.next = (b.next + 1) % len(b.backends)
		if candidate := b.backends[b.next]; candidate.ready {
			return candidate
		}
	}
	return nil
}

func (b *Balancer) addResponse(r *http.Response) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.responses[r.StatusCode]++
	if r.StatusCode >= http.StatusInternalServerError {
		b.failures = append(b.failures, fmt.Sprintf("%s %s: %s", r.Request.Method, r.Request.URL.Path, r.Status))
	}
}

func (b *Balancer) addFailure(failure string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures = append(b.failures, failure)
}

// probe updates the readiness of all backends until the context ends.
func (b *Balancer) probe(ctx context.Context) {
	ticker := time.NewTicker(probeInterval)
	defer ticker.Stop()
	for {
		b.probeOnce(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (b *Balancer) probeOnce(ctx context.Context) {
	b.mu.Lock()
	backends := slices.Clone(b.backends)
	b.mu.Unlock()
	for _, probed := range backends {
		ready := isReady(ctx, probed.admin)
		b.mu.Lock()
		probed.ready = ready
		b.mu.Unlock()
	}
}

// readyBackends returns the number of backends that get requests.
func (b *Balancer) readyBackends() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, backend := range b.backends {
		if backend.ready {
			n++
		}
	}
	return n
}

// Results returns the number of responses by status, and a description of every failed request.
func (b *Balancer) Results() (responses map[int]int, failures []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.responses), slices.Clone(b.failures)
}

// isReady reports whether the admin listener of a service answers 200 at /readyz.
func isReady(ctx context.Context, admin string) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, admin+"/readyz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}
