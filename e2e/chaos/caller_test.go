package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
)

const (
	// maxPause bounds how long a client waits when it was asked to come later.
	maxPause = 2 * time.Second
	// callLimit bounds how long a client tries to start or to follow an operation.
	callLimit = 2 * time.Minute
)

// caller is a client that does what answers ask for. It records every request, and reports answers
// that must not occur. It is safe for concurrent use.
type caller struct {
	t      *testing.T
	client *client.Client
	model  *model
	// explain returns what the apis have logged about a request.
	explain func(requestID string) string
	labels  atomic.Int64

	mu       sync.Mutex
	round    string
	requests []request
	counts   map[string]int
	// revisions contains what each revision of an operation has meant.
	revisions map[string]string
}

// request is a request that got its answer, with its repetitions after errors.
type request struct{ begun, ended time.Time }

func newCaller(t *testing.T, s *stack.Stack, m *model) *caller {
	t.Helper()
	explain := func(requestID string) string { return strings.Join(s.LogLines("api", requestID), "") }
	return &caller{t: t, client: s.Client(), model: m, explain: explain, counts: make(map[string]int), revisions: make(map[string]string)}
}

func (c *caller) close() { c.client.Close() }

// begin begins a round. Its name appears in reports of violations.
func (c *caller) begin(round string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.round, c.requests, c.counts = round, nil, make(map[string]int)
	clear(c.revisions)
}

// violation reports that a promise was broken.
func (c *caller) violation(format string, args ...any) {
	c.mu.Lock()
	round := c.round
	c.mu.Unlock()
	c.t.Errorf("%s: %s: %s", time.Now().Format("15:04:05.000"), round, fmt.Sprintf(format, args...))
}

func (c *caller) count(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[what]++
}

// statuses returns how often each status was answered in the round.
func (c *caller) statuses() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for _, status := range slices.Sorted(maps.Keys(c.counts)) {
		list = append(list, fmt.Sprintf("%s: %d", status, c.counts[status]))
	}
	return strings.Join(list, ", ")
}

// answer is a response, or none.
type answer struct {
	*client.Response

	// code is the problem's code; empty if the response is no problem of the api.
	code string
	// missing means that it is unknown whether the request reached an api.
	missing bool
	// pause is how long the client has to wait before the next request.
	pause time.Duration
}

// do sends a request. An answer that no client should ever get is a violation.
func (c *caller) do(ctx context.Context, method, url string, body client.RequestBody) answer {
	response, err := c.client.Do(ctx, method, url, body)
	if err != nil {
		c.count("none")
		return answer{Response: &client.Response{}, missing: true, pause: time.Second / 4}
	}
	a := answer{Response: response, missing: response.Status == http.StatusBadGateway, pause: pauseOf(response)}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/problem+json") {
		problem, err := response.Problem()
		if err != nil {
			c.violation("%s %s: %v", method, url, err)
		}
		a.code = problem.Code()
	}
	c.count(strings.TrimSpace(strconv.Itoa(response.Status) + " " + a.code))
	switch {
	case response.Status == http.StatusInternalServerError:
		c.violation("%s %s: 500: %s\n%s", method, url, response.Body, c.explain(response.Header.Get("X-Request-Id")))
	case response.Status == http.StatusServiceUnavailable && a.code != "" && response.Header.Get("Retry-After") == "":
		c.violation("%s %s: 503 without Retry-After: %s", method, url, response.Body)
	}
	return a
}

// answered records a request that got its answer.
func (c *caller) answered(begun time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, request{begun, time.Now()})
}

// retryable reports whether the client may send the same request again later.
func (a answer) retryable() bool {
	return a.missing || slices.Contains([]int{
		http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusInsufficientStorage,
		http.StatusInternalServerError, http.StatusRequestTimeout,
	}, a.Status)
}

func pauseOf(response *client.Response) time.Duration {
	millis, err := strconv.Atoi(response.Header.Get("Retry-After-Ms"))
	if err != nil {
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		millis = seconds * 1000
	}
	return min(max(time.Duration(millis)*time.Millisecond, 50*time.Millisecond), maxPause)
}

// persist repeats a request that may be sent any number of times, until it is answered with
// something else than trouble.
func (c *caller) persist(ctx context.Context, method, url string, body client.RequestBody) (answer, bool) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	for begun := time.Now(); ; {
		a := c.do(ctx, method, url, body)
		if !a.retryable() {
			c.answered(begun)
			return a, true
		}
		if await.Sleep(ctx, a.pause) != nil {
			c.violation("%s %s was not answered within %s: last %d %s", method, url, callLimit, a.Status, a.Body)
			return a, false
		}
	}
}

// noteRevision reports a revision of an operation that has meant something else before.
func (c *caller) noteRevision(id, revision, meaning string) {
	key := id + " " + revision
	c.mu.Lock()
	before, known := c.revisions[key]
	c.revisions[key] = meaning
	c.mu.Unlock()
	if known && before != meaning {
		c.violation("revision %s of operation %s means %s, before %s", revision, id, meaning, before)
	}
}

// meaning returns what a revision contains.
func meaning(m client.Monitor) string {
	counts, err := json.Marshal(m.Counts)
	if err != nil {
		panic(err) // numbers can be marshalled
	}
	return fmt.Sprintf("%s %d%% %s", m.Status, m.PercentComplete, counts)
}
