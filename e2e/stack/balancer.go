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
	// lookPace is how often a balancer asks whether its backends are ready; Kubernetes' probes do it every few seconds.
	lookPace = 100 * time.Millisecond
	// lookLimit bounds one such question.
	lookLimit = time.Second
)

// Balancer stands before several apis as a Service of Kubernetes does: each request goes to one of those that say that they are ready, over
// connections that are kept, and is never tried twice. It counts what became of the requests.
type Balancer struct {
	server *httptest.Server

	mu       sync.Mutex
	backends []*backend
	next     int
	answers  map[int]int // by status
	failures []string
}

// backend is one api behind the balancer.
type backend struct {
	proxy *httputil.ReverseProxy
	admin string
	ready bool
}

// newBalancer starts one that has nobody behind it yet.
func newBalancer(tb testing.TB) *Balancer {
	tb.Helper()
	b := &Balancer{answers: make(map[int]int)}
	b.server = httptest.NewServer(b)
	tb.Cleanup(b.server.Close)
	ctx, stop := context.WithCancel(tb.Context())
	looked := make(chan struct{})
	go func() { defer close(looked); b.look(ctx) }()
	tb.Cleanup(func() { stop(); <-looked })
	return b
}

// add puts an api behind the balancer, which answers at address (host:port) and tells at admin (http://host:port) how it is.
func (b *Balancer) add(address, admin string) {
	one := &backend{admin: admin, proxy: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address})}
	one.proxy.Transport = http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // what the library documents
	one.proxy.FlushInterval = -1                                          // event streams
	one.proxy.ErrorLog = log.New(io.Discard, "", 0)                       // failures are told by the balancer itself
	one.proxy.ErrorHandler = func(w http.ResponseWriter, r *http.Request, err error) {
		b.failed(fmt.Sprintf("%s %s: %v", r.Method, r.URL.Path, err))
		w.WriteHeader(http.StatusBadGateway)
	}
	one.proxy.ModifyResponse = func(r *http.Response) error {
		b.answered(r)
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.backends = append(b.backends, one)
}

// ServeHTTP sends a request to the next backend that is ready.
func (b *Balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	one := b.pick()
	if one == nil {
		b.failed(r.Method + " " + r.URL.Path + ": nobody is ready")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	one.proxy.ServeHTTP(w, r)
}

func (b *Balancer) pick() *backend {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range b.backends {
		b.next = (b.next + 1) % len(b.backends)
		if one := b.backends[b.next]; one.ready {
			return one
		}
	}
	return nil
}

func (b *Balancer) answered(r *http.Response) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answers[r.StatusCode]++
	if r.StatusCode >= http.StatusInternalServerError {
		b.failures = append(b.failures, fmt.Sprintf("%s %s: %s", r.Request.Method, r.Request.URL.Path, r.Status))
	}
}

func (b *Balancer) failed(how string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures = append(b.failures, how)
}

// look asks all backends how they are, again and again.
func (b *Balancer) look(ctx context.Context) {
	ticker := time.NewTicker(lookPace)
	defer ticker.Stop()
	for {
		b.lookOnce(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (b *Balancer) lookOnce(ctx context.Context) {
	b.mu.Lock()
	backends := slices.Clone(b.backends)
	b.mu.Unlock()
	for _, one := range backends {
		ready := isReady(ctx, one.admin)
		b.mu.Lock()
		one.ready = ready
		b.mu.Unlock()
	}
}

// readyBackends is how many take requests.
func (b *Balancer) readyBackends() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, one := range b.backends {
		if one.ready {
			n++
		}
	}
	return n
}

// Results returns how many answers went through by status, and every request that failed.
func (b *Balancer) Results() (answers map[int]int, failures []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.answers), slices.Clone(b.failures)
}

// isReady asks a service's admin listener whether it wants requests.
func isReady(ctx context.Context, admin string) bool {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
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
