package service

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

// dependency is a dependency that answers, fails (away) or blocks (silent).
type dependency struct {
	away, silent bool
	checks       int
}

func (d *dependency) check(ctx context.Context) error {
	d.checks++
	if d.silent {
		<-ctx.Done()
	}
	if d.away || d.silent {
		return errors.New("away")
	}
	return nil
}

// get requests a path. For /readyz it also checks that ready, which the metrics use, agrees.
func get(t *testing.T, a *admin, path string) (int, health) {
	t.Helper()
	code, h := getOnly(t, a, path)
	if ready := a.ready(t.Context()); path == "/readyz" && ready != (code == http.StatusOK) {
		t.Errorf("ready() = %v, but /readyz answers %d", ready, code)
	}
	return code, h
}

func getOnly(t *testing.T, a *admin, path string) (int, health) {
	t.Helper()
	w := httptest.NewRecorder()
	a.routes(prometheus.NewRegistry(), false).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	var h health
	if err := json.Unmarshal(w.Body.Bytes(), &h); err != nil {
		t.Fatalf("GET %s: body %s: %v", path, w.Body, err)
	}
	return w.Code, h
}

func TestAdminLifecycle(t *testing.T) {
	t.Parallel()
	a := &admin{}
	expect := func(path string, wantCode int, wantStatus string) {
		t.Helper()
		if code, h := get(t, a, path); code != wantCode || h.Status != wantStatus {
			t.Errorf("GET %s = %d %q, want %d %q", path, code, h.Status, wantCode, wantStatus)
		}
	}
	expect("/livez", 200, "live")
	expect("/startupz", 503, "starting")
	expect("/readyz", 503, "starting")
	a.setWaiting("the database")
	for _, path := range []string{"/startupz", "/readyz"} {
		if _, h := get(t, a, path); h.WaitingFor != "the database" {
			t.Errorf("GET %s: waiting_for = %q, want %q", path, h.WaitingFor, "the database")
		}
	}
	a.setStarted()
	expect("/startupz", 200, "started")
	expect("/readyz", 200, "ready")
	a.drain()
	expect("/readyz", 503, "stopping")
	expect("/livez", 200, "live")
}

func TestReadinessFollowsDependencies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		postgres, redis := &dependency{}, &dependency{}
		a := &admin{}
		a.add(&probe{name: "postgres", check: postgres.check, required: true})
		a.add(&probe{name: "redis", check: redis.check})
		a.setStarted()
		settle := func() (code int, h health) {
			for range failureThreshold {
				code, h = get(t, a, "/readyz")
				time.Sleep(checkValidity) // the clock of the bubble
			}
			return code, h
		}
		for _, tt := range []struct {
			postgresAway, redisAway bool
			code                    int
			want                    health
		}{
			{false, false, 200, health{"ready", "", map[string]string{"postgres": "ok", "redis": "ok"}}},
			{false, true, 200, health{"degraded", "", map[string]string{"postgres": "ok", "redis": "away"}}},
			{true, true, 503, health{"not ready", "", map[string]string{"postgres": "away", "redis": "away"}}},
			{true, false, 503, health{"not ready", "", map[string]string{"postgres": "away", "redis": "ok"}}},
			{false, false, 200, health{"ready", "", map[string]string{"postgres": "ok", "redis": "ok"}}},
		} {
			postgres.away, redis.away = tt.postgresAway, tt.redisAway
			code, got := settle()
			if code != tt.code {
				t.Errorf("postgres away %v, redis away %v: status = %d, want %d", tt.postgresAway, tt.redisAway, code, tt.code)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("postgres away %v, redis away %v (-want +got):\n%s", tt.postgresAway, tt.redisAway, diff)
			}
		}
	})
}

func TestReadinessToleratesOneFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		postgres := &dependency{away: true}
		a := &admin{}
		a.add(&probe{name: "postgres", check: postgres.check, required: true})
		a.setStarted()
		if code, h := get(t, a, "/readyz"); code != 200 || h.Parts["postgres"] != stateShaky {
			t.Errorf("after one failure: %d %q, want 200 %q", code, h.Parts["postgres"], stateShaky)
		}
		for range 10 {
			get(t, a, "/readyz")
		}
		if postgres.checks != 1 {
			t.Errorf("eleven probes within a second caused %d checks, want 1", postgres.checks)
		}
	})
}

// TestReadinessWithSilentDependency: a dependency that never answers becomes away after
// failureThreshold checks, and no probe waits longer than readinessTimeout for it.
func TestReadinessWithSilentDependency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		postgres, redis := &dependency{}, &dependency{silent: true}
		a := &admin{}
		a.add(&probe{name: "redis", check: redis.check})
		a.add(&probe{name: "postgres", check: postgres.check, required: true})
		a.setStarted()
		var states []string
		end := time.Now().Add(failureThreshold*(checkTimeout+checkValidity) + 2*checkValidity)
		for time.Now().Before(end) {
			start := time.Now()
			ready := a.ready(t.Context())
			if elapsed := time.Since(start); !ready || elapsed > readinessTimeout {
				t.Fatalf("ready() = %v after %s, want true within %s", ready, elapsed, readinessTimeout)
			}
			start = time.Now()
			code, h := getOnly(t, a, "/readyz")
			if elapsed := time.Since(start); code != 200 || elapsed > readinessTimeout || h.Parts["postgres"] != stateOK {
				t.Fatalf("GET /readyz = %d %+v after %s, want 200 with postgres ok within %s", code, h, elapsed, readinessTimeout)
			}
			if state := h.Status + " " + h.Parts["redis"]; len(states) == 0 || states[len(states)-1] != state {
				states = append(states, state)
			}
			time.Sleep(checkValidity / 10) // the clock of the bubble
		}
		if diff := cmp.Diff([]string{"ready slow", "ready shaky", "degraded away"}, states); diff != "" {
			t.Errorf("states of redis (-want +got):\n%s", diff)
		}
		time.Sleep(checkTimeout) // the clock of the bubble: the last check ends
	})
}

// TestLivenessIgnoresDependencies: only the process itself can cause its restart.
func TestLivenessIgnoresDependencies(t *testing.T) {
	t.Parallel()
	postgres := &dependency{away: true}
	a := &admin{}
	a.add(&probe{name: "postgres", check: postgres.check, required: true})
	a.setStarted()
	if code, h := getOnly(t, a, "/livez"); code != 200 || h.Status != "live" {
		t.Errorf("GET /livez = %d %q, want 200 %q", code, h.Status, "live")
	}
	if postgres.checks != 0 {
		t.Errorf("GET /livez caused %d checks, want 0", postgres.checks)
	}
}

// TestProfiling checks that profiles are served only if they are switched on.
func TestProfiling(t *testing.T) {
	t.Parallel()
	for profiling, want := range map[bool]int{false: http.StatusNotFound, true: http.StatusOK} {
		t.Run(strconv.FormatBool(profiling), func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			(&admin{}).routes(prometheus.NewRegistry(), profiling).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/debug/pprof/heap?debug=1", nil))
			if w.Code != want {
				t.Errorf("GET /debug/pprof/heap with profiling %v = %d, want %d", profiling, w.Code, want)
			}
		})
	}
}
