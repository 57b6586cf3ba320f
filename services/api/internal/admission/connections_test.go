package admission_test

import (
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/services/api/internal/admission"
)

// TestConnectionsOverTLS: connections beyond the limit are refused over TLS too, with an answer.
func TestConnectionsOverTLS(t *testing.T) {
	t.Parallel()
	gate := admission.New(admission.Limits{Memory: 1 << 30, Connections: admission.Limit{Total: 4, Client: 100}}, metrics.NewAdmission())
	crowded := make(chan bool, 10)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, taken := gate.Begin(r.Context(), "client")
		defer taken.End()
		crowded <- taken.Crowded()
	}))
	s.Listener = gate.Connections.Listener(s.Listener)
	s.Config.ConnContext = gate.Connections.OnConnection
	s.StartTLS()
	t.Cleanup(s.Close)
	gate.Connections.TLS = &tls.Config{Certificates: s.TLS.Certificates, MinVersion: tls.VersionTLS12}
	var got []int
	for range 6 {
		transport, _ := s.Client().Transport.(*http.Transport)
		got = append(got, get(t, transport.Clone(), s.URL))
	}
	if want := []int{200, 200, 200, 200, 200, http.StatusServiceUnavailable}; !slices.Equal(got, want) {
		t.Errorf("statuses = %v, want %v", got, want)
	}
	for i := range 5 {
		if is := <-crowded; is != (i == 4) {
			t.Errorf("connection %d is beyond the limit: %t", i, is)
		}
	}
}

// startServer answers 200 to requests that may occupy something, and 202 to others.
func startServer(t *testing.T, limit admission.Limit) (url string) {
	t.Helper()
	gate := admission.New(admission.Limits{Memory: 1 << 30, Connections: limit}, metrics.NewAdmission())
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, taken := gate.Begin(r.Context(), "client")
		defer taken.End()
		if err := taken.Upload(ctx); err != nil {
			if !taken.Crowded() || !fault.Is(err, fault.Busy) && !fault.Is(err, fault.TooMany) {
				t.Errorf("Upload() = %v, want a refusal of a crowded connection", err)
			}
			w.WriteHeader(http.StatusAccepted)
		}
	}))
	s.Listener = gate.Connections.Listener(s.Listener)
	s.Config.ConnContext = gate.Connections.OnConnection
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

func TestConnections(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limit  admission.Limit
		beyond int
	}{
		"all":    {admission.Limit{Total: 8, Client: 100}, http.StatusServiceUnavailable},
		"client": {admission.Limit{Total: 100, Client: 8}, http.StatusTooManyRequests},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := startServer(t, tt.limit)
			got := make(map[int]int)
			var open []*http.Transport
			for range 12 { // each with a connection of its own, which stays open
				transport := new(http.Transport)
				open = append(open, transport)
				got[get(t, transport, url)]++
			}
			want := map[int]int{http.StatusOK: 8, http.StatusAccepted: 2, tt.beyond: 2}
			for status, n := range want {
				if got[status] != n {
					t.Errorf("statuses = %v, want %v", got, want)
					break
				}
			}
			for _, transport := range open {
				transport.CloseIdleConnections()
			}
			waitForStatus(t, url, http.StatusOK)
		})
	}
}

func get(t *testing.T, transport *http.Transport, url string) (status int) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= http.StatusTooManyRequests {
		checkRefusal(t, response)
	}
	return response.StatusCode
}

// checkRefusal checks that a refusal says when to come again, and is a problem like any other error.
func checkRefusal(t *testing.T, response *http.Response) {
	t.Helper()
	var body struct {
		Status int
		Code   string `json:"type"`
		ID     string `json:"request_id"`
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	header := response.Header
	if header.Get("Retry-After") != "5" || header.Get("Content-Type") != "application/problem+json" || !response.Close {
		t.Errorf("refusal has %v and closes: %t, want Retry-After: 5, a problem, and a closed connection", header, response.Close)
	}
	want := map[int]string{429: "urn:longshore:problem:client-limit", 503: "urn:longshore:problem:server-busy"}[response.StatusCode]
	if body.Status != response.StatusCode || body.Code != want || body.ID == "" || body.ID != header.Get("X-Request-Id") {
		t.Errorf("refusal = %+v with X-Request-Id %q, want status %d, type %s and the same id", body, header.Get("X-Request-Id"), response.StatusCode, want)
	}
}

// waitForStatus asks with new connections until the status comes.
func waitForStatus(t *testing.T, url string, want int) {
	t.Helper()
	for t.Context().Err() == nil {
		transport := &http.Transport{DisableKeepAlives: true, DialContext: new(net.Dialer).DialContext}
		if get(t, transport, url) == want {
			return
		}
	}
}
