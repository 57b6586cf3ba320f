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
	// enough is how many checks in a row must fail before a part counts as away: one slow answer must not take every replica out at once.
	enough = 3
)

// probe remembers how a part answered.
type probe struct {
	name   string
	check  Check
	needed bool

	mu     sync.Mutex
	asked  time.Time
	failed int
	last   error
}

// away reports whether the part is away, and why.
func (p *probe) away(ctx context.Context) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.asked) >= checkValidity {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
		defer cancel()
		p.last = p.check(ctx)
		p.asked = time.Now()
		p.failed++
		if p.last == nil {
			p.failed = 0
		}
	}
	return p.failed >= enough, p.last
}

// report is what the probes answer, for people.
type report struct {
	Status string            `json:"status"`
	Parts  map[string]string `json:"parts,omitempty"`
}

// live asks nothing of anybody: a restart heals no other part.
func (a *Admin) live(w http.ResponseWriter, _ *http.Request) { answer(w, true, report{Status: "live"}) }

func (a *Admin) startup(w http.ResponseWriter, _ *http.Request) {
	if !a.started.Load() {
		answer(w, false, report{Status: "starting"})
		return
	}
	answer(w, true, report{Status: "started"})
}

// ready is false while the service starts or stops, and while a part is away that it can't do without.
func (a *Admin) ready(w http.ResponseWriter, r *http.Request) {
	switch {
	case a.draining.Load():
		answer(w, false, report{Status: "stopping"})
		return
	case !a.started.Load():
		answer(w, false, report{Status: "starting"})
		return
	}
	all := report{Status: "ready", Parts: make(map[string]string)}
	good := true
	for _, p := range a.probes {
		away, err := p.away(r.Context())
		all.Parts[p.name] = "ok"
		switch {
		case err == nil:
		case !away:
			all.Parts[p.name] = "shaky"
		case p.needed:
			all.Parts[p.name], all.Status, good = "away", "not ready", false
		default:
			all.Parts[p.name] = "away"
			if good {
				all.Status = "degraded"
			}
		}
	}
	answer(w, good, all)
}

func answer(w http.ResponseWriter, good bool, what report) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !good {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(what) // who asked is gone if this fails
}
