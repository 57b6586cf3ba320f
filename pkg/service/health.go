package service

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// readinessTimeout is how long an answer waits for running checks. It is less than the default
// timeout of a Kubernetes probe (1 s), so that a dependency that does not answer is reported as such
// and the service itself still answers in time.
const readinessTimeout = 500 * time.Millisecond

// health is the JSON document of the probes.
type health struct {
	Status string `json:"status"`
	// WaitingFor is the reason why the service has not started yet.
	WaitingFor string `json:"waiting_for,omitempty"`
	// Parts is the state of each dependency.
	Parts map[string]string `json:"parts,omitempty"`
}

// serveLive checks no dependency: a restart of this service repairs none of them.
func (a *admin) serveLive(w http.ResponseWriter, _ *http.Request) {
	writeHealth(w, true, health{Status: "live"})
}

func (a *admin) serveStartup(w http.ResponseWriter, _ *http.Request) {
	if !a.started.Load() {
		writeHealth(w, false, a.startingHealth())
		return
	}
	writeHealth(w, true, health{Status: "started"})
}

func (a *admin) startingHealth() health {
	h := health{Status: "starting"}
	if reason := a.waiting.Load(); reason != nil {
		h.WaitingFor = *reason
	}
	return h
}

func (a *admin) serveReady(w http.ResponseWriter, r *http.Request) {
	ready, h := a.readiness(r.Context())
	writeHealth(w, ready, h)
}

// ready reports what /readyz would answer. It uses the same checks and the same timeout.
func (a *admin) ready(ctx context.Context) bool {
	ready, _ := a.readiness(ctx)
	return ready
}

// readiness is false while the service starts or stops, and while a required dependency is away.
func (a *admin) readiness(ctx context.Context) (bool, health) {
	switch {
	case a.draining.Load():
		return false, health{Status: "stopping"}
	case !a.started.Load():
		return false, a.startingHealth()
	}
	a.refresh(ctx)
	h := health{Status: "ready", Parts: make(map[string]string)}
	ready := true
	for _, p := range a.probes {
		state := p.state()
		h.Parts[p.name] = state
		switch {
		case state != stateAway && state != stateAtRisk:
		case p.required:
			h.Status, ready = "not ready", false
		case ready:
			h.Status = "degraded"
		}
	}
	return ready, h
}

// refresh starts the checks that are due, all in parallel, and waits for them up to
// readinessTimeout.
func (a *admin) refresh(ctx context.Context) {
	var running []<-chan struct{}
	for _, p := range a.probes {
		if done := p.refresh(ctx); done != nil {
			running = append(running, done)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, readinessTimeout)
	defer cancel()
	for _, done := range running {
		select {
		case <-done:
		case <-ctx.Done():
			return
		}
	}
}

func writeHealth(w http.ResponseWriter, ok bool, h health) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(h) // fails only if the client has disconnected
}
