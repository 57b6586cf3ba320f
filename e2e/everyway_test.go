package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// everySeed is the variable that repeats a run of TestDialectsAgree: what its goroutines choose, though not how they are interleaved.
const everySeed = "LONGSHORE_EVERY_SEED"

const (
	// operationsEveryWay is how many operations there are, and actors how many goroutines begin, ask, cancel and forget them.
	operationsEveryWay = 200
	actors             = 6
	// actorsPace leaves the services some time to work.
	actorsPace = 2 * time.Millisecond
	// everyWayLimit bounds the whole, on a machine that is busy.
	everyWayLimit = 4 * time.Minute
)

// TestDialectsAgree begins operations of all kinds, cancels and forgets some of them and asks for them in every dialect, all at once and at
// random. At every moment every dialect must tell the same story of each of them: what one has said, no other may contradict later. At
// the end all of them say what the database says.
func TestDialectsAgree(t *testing.T) {
	t.Parallel()
	seed := seedOfRun(t)
	s := stack.Start(t, stack.Options{
		Importers: 2, Collections: collectionFolder(t, "spoons", spoonsFile), Tables: spoonsTable,
		Env: []string{"LONGSHORE_CHUNK_RECORDS=40", "LONGSHORE_MAX_ATTEMPTS=1", "LONGSHORE_POLL_WITHIN=3s", expireOften},
	})
	s.Exec("DROP TABLE spoons") // imports of spoons fail
	ctx, cancel := context.WithTimeout(t.Context(), everyWayLimit)
	defer cancel()
	p := &play{stack: s}
	var all sync.WaitGroup
	for n := range actors {
		all.Go(func() {
			a := &actor{play: p, rand: rand.New(rand.NewPCG(seed, uint64(n)))}
			for ctx.Err() == nil && !p.over() {
				if err := a.act(ctx); err != nil && ctx.Err() == nil {
					t.Errorf("actor %d: %v", n, err)
					return
				}
				_ = await.Sleep(ctx, actorsPace)
			}
		})
	}
	await.Until(t, everyWayLimit, "every operation to be begun and to end", func() bool {
		return t.Failed() || p.complete() && s.Number(`SELECT count(*) FROM xforce.tasks WHERE finished_at IS NULL`) == 0
	})
	p.end()
	all.Wait()
	p.judge(t)
}

func seedOfRun(t *testing.T) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv(everySeed); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s is %q, not a number", everySeed, text)
		}
	}
	t.Logf("again: %s=%d", everySeed, seed)
	return seed
}

// play is all that is going on.
type play struct {
	stack *stack.Stack

	mu    sync.Mutex
	begun int
	ended bool
	order []*observedOperation
}

// claim takes one of the operations that are still to be begun.
func (p *play) claim() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.begun == operationsEveryWay {
		return false
	}
	p.begun++
	return true
}

func (p *play) add(op startedOperation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.order = append(p.order, &observedOperation{op: op})
}

// any returns one of the operations, nil if there is none yet. Those that came last are chosen more often: they move.
func (p *play) any(r *rand.Rand) *observedOperation {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.order)
	if n == 0 {
		return nil
	}
	if r.IntN(2) == 0 {
		return p.order[n-1-r.IntN(min(n, 10))]
	}
	return p.order[r.IntN(n)]
}

// all returns all operations that there are by now.
func (p *play) all() []*observedOperation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.order)
}

func (p *play) complete() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.order) == operationsEveryWay
}

func (p *play) over() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

func (p *play) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
}

// judge holds every story against itself, and its end against the database.
func (p *play) judge(t *testing.T) {
	t.Helper()
	ends, said := make(map[string]int), 0
	for _, one := range p.order {
		said += len(one.observations)
		for _, contradiction := range one.contradictions() {
			t.Errorf("the %s %s: %s", one.op.kind, one.op.id, contradiction)
		}
		state := p.stateOf(t, one.op)
		expectInAllDialects(t, p.stack, one.op, state)
		ends[one.op.kind+" "+state]++
	}
	t.Logf("%d answers told of %d operations, which ended as %v", said, len(p.order), ends)
}

// stateOf reads an operation's state from the table, as the dialects tell it.
func (p *play) stateOf(t *testing.T, op startedOperation) string {
	t.Helper()
	var state string
	var active bool
	const read = `SELECT status, is_active FROM xforce.tasks WHERE task_id = $1`
	if err := p.stack.DB().QueryRow(t.Context(), read, op.id).Scan(&state, &active); err != nil {
		t.Fatal(err)
	}
	if !active {
		return "gone " + state
	}
	return state
}

// actor does one thing after the other, at random.
type actor struct {
	*play
	rand *rand.Rand
}

func (a *actor) act(ctx context.Context) error {
	one := a.any(a.rand)
	switch dice := a.rand.IntN(100); {
	case one == nil || dice < 20:
		if a.claim() {
			return a.begin(ctx)
		}
		return nil
	case dice < 22:
		return a.control(ctx, one, cancels)
	case dice < 24:
		return a.control(ctx, one, prunes)
	case dice < 26:
		return a.askForAll(ctx)
	default:
		return a.ask(ctx, one)
	}
}

// begin begins an operation of any kind: imports of one body or in pieces, with records that are rejected, or which fail as a whole,
// searches, reports.
func (a *actor) begin(ctx context.Context) error {
	accept := func(w endpoint, mediaType, body string) (startedOperation, error) {
		return startOperation(ctx, a.stack, w, client.RequestBody{Type: mediaType, Content: []byte(body)})
	}
	var op startedOperation
	var err error
	switch kind := a.rand.IntN(10); {
	case kind < 4:
		op, err = accept(importEndpoint, "application/x-ndjson", a.lines())
	case kind == 4:
		op, err = startMultipart(ctx, a.stack, client.RequestBody{Type: "application/x-ndjson", Content: []byte(a.lines())})
	case kind == 5:
		op, err = accept(endpoint{importEndpoint.kind, "/api/spoons/import", nil}, "application/json", `[{"id":1}]`)
	case kind < 8:
		op, err = accept(searchEndpoint, "application/json", pick(a.rand, searches))
	default:
		op, err = accept(reportEndpoint, "application/json", pick(a.rand, reports))
	}
	if err != nil {
		return err
	}
	a.add(op)
	return a.refused(ctx)
}

// What is searched for and reported on.
var (
	searches = []string{
		`{"collection":"tools"}`, `{"collection":"tools","query":"number","sort":["-tool_name"],"limit":1000}`,
		`{"collection":"tools","filter":{"category":"Games"}}`,
	}
	reports = []string{
		``, `{"report":"imports","format":"html"}`, `{"report":"records","collection":"tools","format":"ndjson"}`,
		`{"report":"records","collection":"tools","format":"xlsx","filter":{"category":"Games"}}`,
	}
)

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// lines are records of an import, from one to many.
func (a *actor) lines() string {
	return string(tool.NDJSON(pick(a.rand, []int{1, 10, 200, 2_000}), a.record))
}

// record is one of few keys, so that imports meet, and one in ten is broken.
func (a *actor) record(int) tool.Tool {
	one := tool.Numbered(a.rand.IntN(20_000))
	if a.rand.IntN(10) == 0 {
		one.Category = ""
	}
	return one
}

// refused sends what is no JSON, which must leave nothing.
func (a *actor) refused(ctx context.Context) error {
	if a.rand.IntN(10) > 0 {
		return nil
	}
	answer, err := a.stack.Client().Do(ctx, http.MethodPost, importEndpoint.path, client.RequestBody{Type: "application/json", Content: []byte(`[{"tool_id":`)})
	if err == nil && answer.Status != http.StatusBadRequest {
		err = fmt.Errorf("a broken body was answered with %d: %s", answer.Status, answer.Body)
	}
	return err
}

// ask reads an operation in a dialect.
func (a *actor) ask(ctx context.Context, one *observedOperation) error {
	var fitting []dialect
	for _, d := range dialects {
		if d.supports(one.op) {
			fitting = append(fitting, d)
		}
	}
	d := fitting[a.rand.IntN(len(fitting))]
	began := time.Now()
	word, states, err := d.read(ctx, a.stack.Client(), one.op)
	if err != nil {
		return err
	}
	one.add(observation{description: d.name + " says " + word, began: began, ended: time.Now(), states: states})
	return nil
}

// askForAll reads a list. What is not on it, and was there before, is gone.
func (a *actor) askForAll(ctx context.Context) error {
	before := a.all()
	l := lists[a.rand.IntN(len(lists))]
	began := time.Now()
	listed, err := l.read(ctx, a.stack.Client())
	if err != nil {
		return err
	}
	ended := time.Now()
	for _, one := range before {
		states := listed[strconv.FormatInt(one.op.number, 10)]
		if states == nil {
			states = listed[one.op.id]
		}
		if states == nil {
			states = slices.Clone(gone)
		}
		one.add(observation{"the list of " + l.dialect + " says " + strings.Join(states, " or "), began, ended, states})
	}
	return nil
}

// wish is a way to ask for an operation's end.
type wish struct {
	name, method string
	path         func(op startedOperation) string
	// of are the kinds that it is for.
	of []string
	// word finds in an answer with a body what it says of the operation's state, in the words of the dialect.
	word  func(body []byte) (string, error)
	words map[string]string
}

// The ways to ask for a cancel, and for a prune. DELETE is both, and who asks does not know which.
var (
	cancels = []wish{
		{"POST operations :cancel", http.MethodPost, suffixed("operations", ":cancel"), allKinds, readMonitorStatus, dialectNamed("operations").statuses},
		{"POST google :cancel", http.MethodPost, suffixed("google", ":cancel"), allKinds, wordOfNothing, nothing},
		{"GET tasks ?cancel", http.MethodGet, suffixed("tasks in JSON", "?cancel=true"), allKinds, readTaskStatus, dialectNamed("tasks in JSON").statuses},
		{"DELETE search", http.MethodDelete, dialectNamed("search").path, []string{"search"}, readStatusMember, dialectNamed("search").statuses},
	}
	prunes = []wish{
		{"DELETE operations", http.MethodDelete, dialectNamed("operations").path, allKinds, readMonitorStatus, dialectNamed("operations").statuses},
		{"DELETE tasks", http.MethodDelete, dialectNamed("tasks in JSON").path, allKinds, readTaskStatus, dialectNamed("tasks in JSON").statuses},
		{"DELETE google", http.MethodDelete, dialectNamed("google").path, allKinds, wordOfNothing, nothing},
		{"DELETE location", http.MethodDelete, dialectNamed("location").path, []string{"report"}, readStatusMember, dialectNamed("location").statuses},
		{"GET tasks ?prune", http.MethodGet, suffixed("tasks in XML", "?prune=true"), allKinds, readTaskXMLStatus, dialectNamed("tasks in XML").statuses},
	}
)

// nothing is the word of an answer without one: the wish is granted, and the operation is not live any more.
var nothing = map[string]string{"succeeded": "{}", "failed": "{}", "cancelled": "{}", "timed_out": "{}"}

func wordOfNothing(body []byte) (string, error) { return strings.TrimSpace(string(body)), nil }

func suffixed(name, suffix string) func(startedOperation) string {
	path := dialectNamed(name).path
	return func(op startedOperation) string { return path(op) + suffix }
}

// control asks for an end. What the answer says is a part of the story, too.
func (a *actor) control(ctx context.Context, one *observedOperation, wishes []wish) error {
	w := wishes[a.rand.IntN(len(wishes))]
	if !slices.Contains(w.of, one.op.kind) {
		return nil
	}
	began := time.Now()
	answer, err := a.stack.Client().Do(ctx, w.method, w.path(one.op), client.RequestBody{})
	if err != nil {
		return err
	}
	ended := time.Now()
	states, err := w.states(answer)
	if err != nil {
		return fmt.Errorf("%s: status %d, %s: %w", w.name, answer.Status, answer.Body, err)
	}
	if states != nil {
		one.add(observation{fmt.Sprintf("%s answers %d %.80s", w.name, answer.Status, answer.Body), began, ended, states})
	}
	return nil
}

// states are those that the operation may be in by what the answer says; nil if it says nothing.
func (w wish) states(answer *client.Response) ([]string, error) {
	switch answer.Status {
	case http.StatusConflict:
		return nil, nil // it can't be, just now
	case http.StatusBadRequest: // FAILED_PRECONDITION is a 400 with Google
		if strings.Contains(w.name, "google") {
			return nil, nil
		}
		return nil, errors.New("a wish is no bad request")
	case http.StatusGone:
		p, err := answer.Problem()
		return []string{"gone " + p.FinalState}, err
	case http.StatusNoContent:
		return slices.Clone(gone), nil
	case http.StatusOK, http.StatusCreated, http.StatusAccepted:
	default:
		return nil, errors.New("a status that nobody expects")
	}
	word, err := w.word(answer.Body)
	if err != nil {
		return nil, err
	}
	states := dialect{statuses: w.words}.statesOf(word)
	if states == nil {
		return nil, fmt.Errorf("there is no word %q", word)
	}
	for _, state := range slices.Clone(states) {
		if slices.Contains(gone, "gone "+state) {
			states = append(states, "gone "+state) // a prune says what it was
		}
	}
	return states, nil
}

// observedOperation is what was said of one operation.
type observedOperation struct {
	op           startedOperation
	mu           sync.Mutex
	observations []observation
}

// observation is an answer: at some time between its begin and its end the operation was in one of the states.
type observation struct {
	description  string
	began, ended time.Time
	states       []string
}

func (s *observedOperation) add(one observation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.observations = append(s.observations, one)
}

// contradictions finds answers that can't both be true: of two of which one was there before the other was asked for, the later must
// be one that can follow. States never come back, so what two equal answers enclose is the same, too. Answers that overlap may stand in
// any order.
func (s *observedOperation) contradictions() (found []string) {
	slices.SortFunc(s.observations, func(a, b observation) int { return a.began.Compare(b.began) })
	for i, later := range s.observations {
		for _, before := range s.observations[:i] {
			if before.ended.After(later.began) {
				continue
			}
			possible := slices.DeleteFunc(slices.Clone(s.observations[i].states), func(state string) bool {
				return !slices.ContainsFunc(before.states, func(from string) bool { return leadsTo(from, state) })
			})
			if len(possible) == 0 {
				found = append(found, fmt.Sprintf("%s after %s", later.description, before.description))
				break
			}
			s.observations[i].states = possible // so that what is left of a vague answer binds those after it
		}
	}
	return found
}

// gone is what an operation may be that was forgotten.
var gone = []string{"gone succeeded", "gone failed", "gone cancelled", "gone timed_out"}

// leadsTo reports whether an operation in one state can be in the other later, or is in the same (design section 5).
func leadsTo(from, to string) bool {
	switch from {
	case "waiting", to:
		return true
	case "running":
		return to != "waiting"
	default:
		return to == "gone "+from
	}
}
