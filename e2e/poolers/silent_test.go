package poolers

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// maxSilence is how long work may stand still because connections went silent: 15 s, and as much again
// for a busy machine.
const maxSilence = 30 * time.Second

// services are the services that have connections to Postgres.
var services = []string{"api", "importer", "searcher", "reporter", "janitor"}

// fault silences connections of one process.
type fault struct {
	name string
	// open silences the open connections, all the later ones too.
	open, all func(s *stack.Stack, service string)
}

func faults() []fault {
	both := func(first, second func(s *stack.Stack, service string)) func(s *stack.Stack, service string) {
		return func(s *stack.Stack, service string) { first(s, service); second(s, service) }
	}
	postgres := fault{
		"Postgres", func(s *stack.Stack, service string) { s.Postgres(service, 0).Silence() },
		func(s *stack.Stack, service string) { s.Postgres(service, 0).SilenceAll() },
	}
	redis := fault{
		"Redis", func(s *stack.Stack, service string) { s.Redis(service, 0).Silence() },
		func(s *stack.Stack, service string) { s.Redis(service, 0).SilenceAll() },
	}
	return []fault{postgres, redis, {"both", both(postgres.open, redis.open), both(postgres.all, redis.all)}}
}

func startProxied(t *testing.T) *stack.Stack {
	t.Helper()
	return stack.Start(t, stack.Options{Consoles: 1, Proxied: append(slices.Clone(services), "console"), Env: []string{smallChunks, viewer}})
}

// TestSilentWorkers: all connections of a worker fall silent in the middle of a step, while what it
// sends is still acknowledged. New connections work, and so does the step.
func TestSilentWorkers(t *testing.T) {
	s := startProxied(t)
	for _, fault := range faults() {
		for _, work := range allWork() {
			t.Run(fault.name+"/"+work.name, func(t *testing.T) {
				s := s.WithTB(t)
				op, release := work.block(t, s)
				fault.open(s, work.service)
				release()
				silent := time.Now()
				s.WaitFor(op, "Succeeded")
				expectWithin(t, silent)
			})
		}
	}
}

func expectWithin(t *testing.T, silent time.Time) {
	t.Helper()
	took := time.Since(silent).Round(time.Millisecond)
	t.Logf("done %s after the silence", took)
	if took > maxSilence {
		t.Errorf("done %s after the silence, want at most %s", took, maxSilence)
	}
}

// TestSilentJanitor: the janitor dispatches what Redis has lost, although all its connections fell
// silent.
func TestSilentJanitor(t *testing.T) {
	s := startProxied(t)
	for _, fault := range faults() {
		t.Run(fault.name, func(t *testing.T) {
			s := s.WithTB(t)
			op, release := work{"import", "importer", "xforce.tools", startImport}.block(t, s)
			s.FlushRedis()
			fault.open(s, "janitor")
			silent := time.Now()
			release()
			s.WaitFor(op, "Succeeded")
			expectWithin(t, silent)
		})
	}
}

// TestSilentRequests: a request that waits for Postgres when the connections of the api fall silent
// gets an answer, and the next one works.
func TestSilentRequests(t *testing.T) {
	s := startProxied(t)
	op := s.SubmitJSON(tool.SampleJSON)
	s.WaitFor(op, "Succeeded")
	for _, fault := range faults() {
		for _, tt := range []struct {
			name, method, path string
			body               client.RequestBody
			want               int // of a request that meets no fault
		}{
			{"import", http.MethodPost, "/api/tools/import", client.RequestBody{
				Type: "application/json", Content: tool.SampleJSON, Header: http.Header{"Operation-Id": {uuid.NewString()}},
			}, http.StatusAccepted},
			{"status", http.MethodGet, "/operations/" + op.ID, client.RequestBody{}, http.StatusOK},
			{"events", http.MethodGet, "/operations/" + op.ID + "/events", client.RequestBody{}, http.StatusOK},
		} {
			t.Run(fault.name+"/"+tt.name, func(t *testing.T) {
				s := s.WithTB(t)
				release := s.BlockReads("xforce.tasks")
				answered := make(chan *client.Response, 1)
				go func() {
					resp, err := s.Client().Do(t.Context(), tt.method, tt.path, tt.body)
					if err != nil {
						t.Errorf("%s %s: %v", tt.method, tt.path, err)
					}
					answered <- resp
				}()
				awaitBlocked(s, "longshore-api")
				fault.open(s, "api")
				release()
				silent := time.Now()
				if resp := <-answered; resp != nil && resp.Status != tt.want && resp.Status != http.StatusServiceUnavailable {
					t.Errorf("the request in flight = %d %s, want %d or 503", resp.Status, resp.Body, tt.want)
				}
				expectWithin(t, silent)
				await.Until(t, maxSilence, "the next request to work", func() bool {
					return s.Do(tt.method, tt.path, tt.body).Status == tt.want
				})
				expectWithin(t, silent)
			})
		}
	}
}

// viewer is a login of the console.
const viewer = "LONGSHORE_CONSOLE_VIEWERS=vera:see"

// TestSilentConsole: the console shows the queues, although its connections to Redis fell silent.
func TestSilentConsole(t *testing.T) {
	s := startProxied(t)
	queues := strings.Replace(s.Console(), "//", "//vera:see@", 1) + "/queues/api/queues"
	shown := func() bool {
		resp, err := s.Client().Get(t.Context(), queues)
		return err == nil && resp.Status == http.StatusOK
	}
	await.Until(t, maxSilence, "the queues", shown)
	s.Redis("console", 0).Silence()
	silent := time.Now()
	await.Until(t, maxSilence, "the queues, with silent connections", shown)
	expectWithin(t, silent)
}

// TestStopWhileSilent: every service ends within its grace, in the middle of its work, while
// Postgres, Redis or both accept connections and answer nothing.
func TestStopWhileSilent(t *testing.T) {
	s := startProxied(t)
	busy := map[string]work{}
	for _, work := range allWork() {
		busy[work.service] = work
	}
	for _, fault := range faults() {
		for _, service := range append(slices.Clone(services), "console") {
			t.Run(fault.name+"/"+service, func(t *testing.T) {
				s := s.WithTB(t)
				var ops []client.Accepted
				release := func() {}
				if work, found := busy[service]; found {
					var op client.Accepted
					op, release = work.block(t, s)
					ops = append(ops, op)
				}
				fault.all(s, service)
				t.Logf("ended %s after SIGTERM", s.StopSilent(service, 0).Round(time.Millisecond))
				release()
				s.StartAgain(service, 0)
				for _, op := range ops {
					s.WaitFor(op, "Succeeded")
				}
			})
		}
	}
}
