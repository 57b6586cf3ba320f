package routes_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// BenchmarkKeys compares an api that needs keys with one that needs none, in the same run: as many requests
// of 32 clients at the one, then at the other. The metric ratio is how many requests a second are served with
// keys, as a part of those without. 0.9 is the least that is acceptable.
//
//	go test -run '^$' -bench Keys -benchtime 20x ./services/api/internal/routes
func BenchmarkKeys(b *testing.B) {
	const clients, requests = 32, 10
	open := startAPI(b, map[string]string{"LONGSHORE_AUTH": "off"})
	closed := startAPI(b, map[string]string{"LONGSHORE_AUTH": "on"})
	header, _ := closed.newKey(b, nil)
	_, credential, _ := strings.Cut(header, ": ")
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	b.Cleanup(transport.CloseIdleConnections)
	send := func(a *api, method, path, body string) string {
		r, err := http.NewRequestWithContext(b.Context(), method, "http://"+a.address+path, strings.NewReader(body))
		if err != nil {
			b.Error(err)
			return ""
		}
		if a == closed {
			r.Header.Set("Authorization", credential)
		}
		r.Header.Set("Content-Type", "application/x-ndjson")
		answer, err := (&http.Client{Transport: transport}).Do(r)
		if err != nil {
			b.Error(err)
			return ""
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode >= http.StatusBadRequest {
			b.Errorf("%s %s = %d", method, path, answer.StatusCode)
		}
		_, location, _ := strings.Cut(answer.Header.Get("Operation-Location"), a.address)
		return location
	}
	polled := map[*api]string{}
	for _, a := range []*api{open, closed} {
		polled[a] = send(a, http.MethodPost, "/api/tools/import", `{"tool_id":"A"}`)
	}
	for name, request := range map[string]func(*api){
		"polls":   func(a *api) { send(a, http.MethodGet, polled[a], "") },
		"imports": func(a *api) { send(a, http.MethodPost, "/api/tools/import", `{"tool_id":"A"}`) },
	} {
		b.Run(name, func(b *testing.B) {
			spent := map[*api]time.Duration{}
			for b.Loop() {
				for _, a := range []*api{open, closed} {
					began := time.Now()
					var wait sync.WaitGroup
					for range clients {
						wait.Go(func() {
							for range requests {
								request(a)
							}
						})
					}
					wait.Wait()
					spent[a] += time.Since(began)
				}
			}
			b.ReportMetric(float64(spent[open])/float64(spent[closed]), "ratio")
			b.ReportMetric(float64(b.N*clients*requests)/spent[closed].Seconds(), "requests/s")
		})
	}
}
