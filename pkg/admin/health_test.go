package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

// part is a part of the system that answers or not.
type part struct {
	away, silent bool
	asked        int
}

func (p *part) check(ctx context.Context) error {
	p.asked++
	if p.silent {
		<-ctx.Done()
	}
	if p.away || p.silent {
		return errors.New("away")
	}
	return nil
}

// ask asks over HTTP, and for readiness as the metrics do too: they must agree.
func ask(t *testing.T, a *Admin, path string) (int, report) {
	t.Helper()
	code, said := get(t, a, path)
	if path == "/readyz" && a.Ready(t.Context()) != (code == http.StatusOK) {
		t.Errorf("/readyz answers %d, the metrics tell another thing", code)
	}
	return code, said
}

func get(t *testing.T, a *Admin, path string) (int, report) {
	t.Helper()
	w := httptest.NewRecorder()
	a.routes(prometheus.NewRegistry()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	var got report
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%s: %v in %s", path, err, w.Body)
	}
	return w.Code, got
}

func TestProbesFollowTheServicesLife(t *testing.T) {
	t.Parallel()
	a := &Admin{}
	expect := func(path string, code int, status string) {
		t.Helper()
		if got, said := ask(t, a, path); got != code || said.Status != status {
			t.Errorf("%s: %d %s, want %d %s", path, got, said.Status, code, status)
		}
	}
	expect("/livez", 200, "live")
	expect("/startupz", 503, "starting")
	expect("/readyz", 503, "starting")
	a.Waiting("the database")
	for _, path := range []string{"/startupz", "/readyz"} {
		if _, said := ask(t, a, path); said.WaitingFor != "the database" {
			t.Errorf("%s does not tell what is waited for: %+v", path, said)
		}
	}
	a.Started()
	expect("/startupz", 200, "started")
	expect("/readyz", 200, "ready")
	a.Drain()
	expect("/readyz", 503, "stopping")
	expect("/livez", 200, "live")
}

func TestReadinessNeedsWhatIsNeeded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		postgres, redis := &part{}, &part{}
		a := &Admin{probes: []*probe{{name: "postgres", check: postgres.check, needed: true}, {name: "redis", check: redis.check}}}
		a.Started()
		settle := func() (code int, said report) {
			for range enough {
				code, said = ask(t, a, "/readyz")
				time.Sleep(checkValidity) // the clock of the bubble
			}
			return code, said
		}
		for _, step := range []struct {
			postgresAway, redisAway bool
			code                    int
			want                    report
		}{
			{false, false, 200, report{"ready", "", map[string]string{"postgres": "ok", "redis": "ok"}}},
			{false, true, 200, report{"degraded", "", map[string]string{"postgres": "ok", "redis": "away"}}},
			{true, true, 503, report{"not ready", "", map[string]string{"postgres": "away", "redis": "away"}}},
			{true, false, 503, report{"not ready", "", map[string]string{"postgres": "away", "redis": "ok"}}},
			{false, false, 200, report{"ready", "", map[string]string{"postgres": "ok", "redis": "ok"}}},
		} {
			postgres.away, redis.away = step.postgresAway, step.redisAway
			code, said := settle()
			if diff := cmp.Diff(step.want, said); code != step.code || diff != "" {
				t.Errorf("%+v: %d (-want +got):\n%s", step, code, diff)
			}
		}
	})
}

func TestOneFailureIsNotEnough(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		postgres := &part{away: true}
		a := &Admin{probes: []*probe{{name: "postgres", check: postgres.check, needed: true}}}
		a.Started()
		if code, said := ask(t, a, "/readyz"); code != 200 || said.Parts["postgres"] != "shaky" {
			t.Errorf("after one failure: %d %v", code, said)
		}
		for range 10 {
			ask(t, a, "/readyz")
		}
		if postgres.asked != 1 {
			t.Errorf("eleven probes within a second asked %d times", postgres.asked)
		}
	})
}

// TestASilentPartDoesNotSilenceTheAnswer: who does not answer at all is away after as many checks, and no probe waits for him that long.
func TestASilentPartDoesNotSilenceTheAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		postgres, redis := &part{}, &part{silent: true}
		a := &Admin{probes: []*probe{{name: "redis", check: redis.check}, {name: "postgres", check: postgres.check, needed: true}}}
		a.Started()
		var states []string
		for began := time.Now(); time.Since(began) < enough*(checkTimeout+checkValidity)+2*checkValidity; {
			asked := time.Now()
			ready := a.Ready(t.Context())
			if took := time.Since(asked); !ready || took > answerWithin {
				t.Fatalf("after %s: ready %v", took, ready)
			}
			asked = time.Now()
			code, said := get(t, a, "/readyz")
			if took := time.Since(asked); code != 200 || took > answerWithin || said.Parts["postgres"] != "ok" {
				t.Fatalf("after %s: %d %+v", took, code, said)
			}
			if state := said.Status + " " + said.Parts["redis"]; len(states) == 0 || states[len(states)-1] != state {
				states = append(states, state)
			}
			time.Sleep(checkValidity / 10) // the clock of the bubble
		}
		if diff := cmp.Diff([]string{"ready slow", "ready shaky", "degraded away"}, states); diff != "" {
			t.Errorf("it was said (-want +got):\n%s", diff)
		}
		time.Sleep(checkTimeout) // the clock of the bubble: no check is left
	})
}

// TestLivenessAsksNobody: nothing but the process itself can make it restart.
func TestLivenessAsksNobody(t *testing.T) {
	t.Parallel()
	postgres := &part{away: true}
	a := &Admin{probes: []*probe{{name: "postgres", check: postgres.check, needed: true}}}
	a.Started()
	if code, said := ask(t, a, "/livez"); code != 200 || said.Status != "live" || postgres.asked != 0 {
		t.Errorf("%d %+v, and Postgres was asked %d times", code, said, postgres.asked)
	}
}
