package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// Check asks a part whether it answers.
type Check func(ctx context.Context) error

const (
	// checkTimeout bounds one check, and checkValidity is how long its answer is used: many probes cost one question.
	checkTimeout  = 2 * time.Second
	checkValidity = time.Second
	// answerWithin is how long an answer waits for checks: less than the second that Kubernetes gives a probe unless it is told otherwise, so
	// that a part that does not answer at all is told of, and is not taken for a service that does not.
	answerWithin = 500 * time.Millisecond
	// enough is how many checks in a row must fail before a part counts as away: one slow answer must not take every replica out at once.
	enough = 3
)

// The words for how a part is.
const (
	partOK = "ok"
	// partSlow has not answered yet, and has answered the last time.
	partSlow = "slow"
	// partShaky has failed, and not often enough to count.
	partShaky = "shaky"
	partAway  = "away"
)

// probe remembers how a part answered. It is safe for concurrent use.
type probe struct {
	name   string
	check  Check
	needed bool

	mu sync.Mutex
	// running is closed when the check in hand ends; nil if there is none.
	running chan struct{}
	asked   time.Time
	failed  int
}

// begin asks the part if its last answer is too old, and returns what is closed when the check in hand ends: nil if there is none.
func (p *probe) begin(ctx context.Context) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil && time.Since(p.asked) >= checkValidity {
		p.running = make(chan struct{})
		go p.ask(context.WithoutCancel(ctx))
	}
	return p.running
}

func (p *probe) ask(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	err := p.check(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = time.Now()
	p.failed++
	if err == nil {
		p.failed = 0
	}
	close(p.running)
	p.running = nil
}

// state returns how the part is, as far as it is known.
func (p *probe) state() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.failed >= enough:
		return partAway
	case p.failed > 0:
		return partShaky
	case p.running != nil:
		return partSlow
	default:
		return partOK
	}
}

// report is what the probes answer, for people.
type report struct {
	Status string `json:"status"`
	// WaitingFor is what keeps a service from starting.
	WaitingFor string            `json:"waiting_for,omitempty"`
	Parts      map[string]string `json:"parts,omitempty"`
}

// live asks nothing of anybody: a restart heals no other part.
func (a *Admin) live(w http.ResponseWriter, _ *http.Request) { answer(w, true, report{Status: "live"}) }

func (a *Admin) startup(w http.ResponseWriter, _ *http.Request) {
	if !a.started.Load() {
		answer(w, false, a.starting())
		return
	}
	answer(w, true, report{Status: "started"})
}

func (a *Admin) starting() report {
	r := report{Status: "starting"}
	if reason := a.waiting.Load(); reason != nil {
		r.WaitingFor = *reason
	}
	return r
}

func (a *Admin) ready(w http.ResponseWriter, r *http.Request) {
	good, all := a.readiness(r.Context())
	answer(w, good, all)
}

// Ready tells what /readyz would answer, by the same checks and within the same time: half a second at most.
func (a *Admin) Ready(ctx context.Context) bool {
	good, _ := a.readiness(ctx)
	return good
}

// readiness is false while the service starts or stops, and while a part is away that it can't do without.
func (a *Admin) readiness(ctx context.Context) (bool, report) {
	switch {
	case a.draining.Load():
		return false, report{Status: "stopping"}
	case !a.started.Load():
		return false, a.starting()
	}
	a.refresh(ctx)
	all := report{Status: "ready", Parts: make(map[string]string)}
	good := true
	for _, p := range a.probes {
		state := p.state()
		all.Parts[p.name] = state
		switch {
		case state != partAway:
		case p.needed:
			all.Status, good = "not ready", false
		case good:
			all.Status = "degraded"
		}
	}
	return good, all
}

// refresh asks all parts at once whose answers are too old, and waits for them a moment.
func (a *Admin) refresh(ctx context.Context) {
	var checks []<-chan struct{}
	for _, p := range a.probes {
		if check := p.begin(ctx); check != nil {
			checks = append(checks, check)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	for _, check := range checks {
		select {
		case <-check:
		case <-ctx.Done():
			return
		}
	}
}

func answer(w http.ResponseWriter, good bool, what report) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !good {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(what) // who asked is gone if this fails
}
