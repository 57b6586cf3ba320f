package e2e_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
)

// way is a way in: where operations of a kind begin.
type way struct {
	name, path string
	// body is one that is taken.
	body []byte
}

// The ways in.
var (
	importing = way{"import", "/api/tools/import", []byte(`[{"tool_id":"T1","tool_name":"One","category":"Games"}]`)}
	searching = way{"search", "/search", []byte(`{"collection":"tools"}`)}
	reporting = way{"report", "/start-report", nil}
)

// begun is an operation that was accepted.
type begun struct {
	way
	id, reference, collection string
	number                    int64
	accepted                  client.Accepted
}

// dialect is one client family's way to speak of an operation.
type dialect struct {
	name string
	// of are the kinds that it speaks of.
	of []string
	// path is where an operation stands.
	path func(op begun) string
	// word finds in an answer what the dialect says of the operation's state.
	word func(body []byte) (string, error)
	// words is what it says for each state (design section 5, and for Google the codes of google.rpc.Code).
	words map[string]string
}

// every is a dialect that speaks of all kinds.
var every = []string{"import", "search", "report"}

// dialects is every dialect that there is. The words are written down here once more, from the design and not from the product.
var dialects = []dialect{
	{
		name: "operations", of: every, path: func(op begun) string { return "/operations/" + op.id }, word: wordOfMonitor,
		words: wordsOf("NotStarted", "Running", "Succeeded", "Failed", "Canceled", "Failed TimedOut"),
	},
	{
		name: "operations at /status", of: every, path: func(op begun) string { return "/status/" + op.id }, word: wordOfMonitor,
		words: wordsOf("NotStarted", "Running", "Succeeded", "Failed", "Canceled", "Failed TimedOut"),
	},
	{
		name: "tools", of: []string{"import"}, word: wordOfMember,
		path:  func(op begun) string { return "/api/" + op.collection + "/import/status/" + op.reference },
		words: wordsOf("IN_PROGRESS", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED", "FAILED"),
	},
	{
		name: "search", of: []string{"search"}, path: func(op begun) string { return "/search/status/" + op.id }, word: wordOfMember,
		words: wordsOf("IN_PROGRESS", "IN_PROGRESS", "COMPLETED", "INTERNAL_SERVER_ERROR", "CANCELLED_BY_USER", "TIMED_OUT"),
	},
	{
		name: "tasks in JSON", of: every, path: func(op begun) string { return "/tasks/" + strconv.FormatInt(op.number, 10) + ".json" }, word: wordOfTask,
		words: wordsOf("WAITING", "RUNNING", "FINISHED", "FAILED", "CANCELLED", "FAILED"),
	},
	{
		name: "tasks in XML", of: every, path: func(op begun) string { return "/tasks/" + strconv.FormatInt(op.number, 10) + ".xml" }, word: wordOfXML,
		words: wordsOf("WAITING", "RUNNING", "FINISHED", "FAILED", "CANCELLED", "FAILED"),
	},
	{
		name: "google", of: every, path: func(op begun) string { return "/v1/operations/" + op.id }, word: wordOfGoogle,
		words: wordsOf("not done", "not done", "response", "error", "error 1", "error 4"),
	},
	{
		name: "location", of: []string{"report"}, path: func(op begun) string { return "/report-status/" + strconv.FormatInt(op.number, 10) }, word: wordOfMember,
		words: wordsOf("in_progress", "in_progress", "completed", "failed", "cancelled", "failed"),
	},
}

func wordsOf(waiting, running, succeeded, failed, cancelled, timedOut string) map[string]string {
	return map[string]string{
		"waiting": waiting, "running": running, "succeeded": succeeded, "failed": failed, "cancelled": cancelled, "timed_out": timedOut,
	}
}

// fits reports whether the dialect speaks of operations of this kind.
func (d dialect) fits(op begun) bool { return slices.Contains(d.of, op.name) }

// states are those that a word may stand for.
func (d dialect) states(word string) (states []string) {
	for state, its := range d.words {
		if its == word {
			states = append(states, state)
		}
	}
	return states
}

// read asks for an operation in the dialect, and returns which states it may be in by what the answer says.
func (d dialect) read(ctx context.Context, c *client.Client, op begun) (word string, states []string, err error) {
	answer, err := c.Get(ctx, d.path(op))
	if err != nil {
		return "", nil, err
	}
	if answer.Status == http.StatusGone {
		p, err := answer.Problem()
		return "gone " + p.FinalState, []string{"gone " + p.FinalState}, err
	}
	if answer.Status > 202 {
		return "", nil, fmt.Errorf("%s: status %d: %s", d.path(op), answer.Status, answer.Body)
	}
	if word, err = d.word(answer.Body); err != nil {
		return "", nil, fmt.Errorf("%s: reading %s: %w", d.path(op), answer.Body, err)
	}
	if states = d.states(word); states == nil {
		return "", nil, fmt.Errorf("%s: the dialect has no word %q: %s", d.path(op), word, answer.Body)
	}
	return word, states, nil
}

// list is a dialect's list of operations, with all that a test has on one page.
type list struct {
	dialect, path string
	// member is the name of the array.
	member string
	// key is the end of the path at which an operation of the list stands.
	key func(item []byte) (string, error)
}

var lists = []list{
	{"operations", "/operations?maxpagesize=1000", "value", keyOf(func(m idOfItem) string { return m.ID })},
	{"tasks in JSON", "/tasks.json?limit=1000", "tasks", keyOf(func(m idOfItem) string { return strconv.FormatInt(m.Task.ID, 10) })},
	{"google", "/v1/operations?pageSize=1000", "operations", keyOf(func(m idOfItem) string { return strings.TrimPrefix(m.Name, "operations/") })},
}

// idOfItem is where the items of one list or another have their id.
type idOfItem struct {
	ID   string
	Name string
	Task struct{ ID int64 }
}

func keyOf(of func(idOfItem) string) func(item []byte) (string, error) {
	return func(item []byte) (string, error) {
		var m idOfItem
		err := json.Unmarshal(item, &m)
		return of(m), err
	}
}

// read returns, by key, which states the operations of the list may be in.
func (l list) read(ctx context.Context, c *client.Client) (map[string][]string, error) {
	answer, err := c.Get(ctx, l.path)
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	var items []json.RawMessage
	if err := json.Unmarshal(answer.Body, &members); err != nil || answer.Status != http.StatusOK {
		return nil, fmt.Errorf("%s: status %d: %s: %w", l.path, answer.Status, answer.Body, err)
	}
	if err := json.Unmarshal(members[l.member], &items); err != nil {
		return nil, fmt.Errorf("%s: reading the member %s of %s: %w", l.path, l.member, answer.Body, err)
	}
	d, states := named(l.dialect), make(map[string][]string)
	for _, item := range items {
		key, err := l.key(item)
		if err != nil {
			return nil, fmt.Errorf("%s: reading %s: %w", l.path, item, err)
		}
		word, err := d.word(item)
		if err != nil {
			return nil, fmt.Errorf("%s: reading %s: %w", l.path, item, err)
		}
		if states[key] = d.states(word); states[key] == nil {
			return nil, fmt.Errorf("%s: there is no word %q: %s", l.path, word, item)
		}
	}
	return states, nil
}

// named finds a dialect.
func named(name string) dialect {
	return dialects[slices.IndexFunc(dialects, func(d dialect) bool { return d.name == name })]
}

// wordOfMember is the member status.
func wordOfMember(body []byte) (string, error) {
	var m struct{ Status string }
	err := json.Unmarshal(body, &m)
	return m.Status, err
}

// wordOfMonitor tells what failed from what was timed out.
func wordOfMonitor(body []byte) (string, error) {
	var m client.Monitor
	if err := json.Unmarshal(body, &m); err != nil {
		return "", err
	}
	if m.Error != nil && m.Error.Code == "TimedOut" {
		return m.Status + " TimedOut", nil
	}
	return m.Status, nil
}

func wordOfTask(body []byte) (string, error) {
	var m struct{ Task struct{ Status string } }
	err := json.Unmarshal(body, &m)
	return m.Task.Status, err
}

func wordOfXML(body []byte) (string, error) {
	var m struct {
		Status string `xml:"status"`
	}
	err := xml.Unmarshal(body, &m)
	return m.Status, err
}

// wordOfGoogle: done, and then either a response or an error with a code; 1 is CANCELLED and 4 is DEADLINE_EXCEEDED.
func wordOfGoogle(body []byte) (string, error) {
	var m struct {
		Done     bool
		Error    *struct{ Code int }
		Response json.RawMessage
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return "", err
	}
	if (m.Error != nil || m.Response != nil) != m.Done || m.Error != nil && m.Response != nil {
		return "", fmt.Errorf("done is %v, error %+v, response %s", m.Done, m.Error, m.Response)
	}
	switch {
	case !m.Done:
		return "not done", nil
	case m.Response != nil:
		return "response", nil
	case m.Error.Code == 1, m.Error.Code == 4:
		return "error " + strconv.Itoa(m.Error.Code), nil
	default:
		return "error", nil
	}
}

// beginWith begins an operation under an id of its own, so that it can be asked for in every dialect.
func beginWith(ctx context.Context, s *stack.Stack, w way, body client.RequestBody) (begun, error) {
	op := begun{way: w, id: uuid.NewString()}
	body.Header = body.Header.Clone()
	if body.Header == nil {
		body.Header = make(http.Header)
	}
	body.Header.Set("Operation-Id", op.id)
	answer, err := s.Client().Do(ctx, http.MethodPost, w.path, body)
	if err != nil {
		return op, err
	}
	if answer.Status != http.StatusAccepted && answer.Status != http.StatusCreated {
		return op, fmt.Errorf("POST %s: status %d: %s", w.path, answer.Status, answer.Body)
	}
	found, err := findBegun(ctx, s, w, op.id)
	if given := answer.Header.Get("Operation-Location"); err == nil && given != found.accepted.OperationLocation {
		return op, fmt.Errorf("POST %s: the Operation-Location is %q, not %q", w.path, given, found.accepted.OperationLocation)
	}
	return found, err
}

// beginInPieces begins an import whose body is sent in two parts, the second first.
func beginInPieces(ctx context.Context, s *stack.Stack, body client.RequestBody) (begun, error) {
	var u upload
	half := len(body.Content) / 2
	for _, step := range []struct {
		method  string
		address func() string
		body    client.RequestBody
	}{
		{http.MethodPost, func() string { return "/api/tools/import:upload-start" }, client.RequestBody{Type: body.Type}},
		{http.MethodPut, func() string { return u.part(2) }, client.RequestBody{Content: body.Content[half:]}},
		{http.MethodPut, func() string { return u.part(1) }, client.RequestBody{Content: body.Content[:half]}},
		{http.MethodPost, func() string { return u.Finish }, client.RequestBody{}},
	} {
		answer, err := s.Client().Do(ctx, step.method, step.address(), step.body)
		if err != nil {
			return begun{}, err
		}
		if answer.Status < 200 || answer.Status > 202 {
			return begun{}, fmt.Errorf("%s %s: status %d: %s", step.method, step.address(), answer.Status, answer.Body)
		}
		if u.ID == "" {
			if err := json.Unmarshal(answer.Body, &u); err != nil {
				return begun{}, fmt.Errorf("reading %s: %w", answer.Body, err)
			}
		}
	}
	return findBegun(ctx, s, importing, u.ID)
}

// findBegun finds out what an operation is called in each of the dialects.
func findBegun(ctx context.Context, s *stack.Stack, w way, id string) (begun, error) {
	op := begun{way: w, id: id}
	op.accepted = client.Accepted{ID: id, OperationLocation: s.Client().Base() + "/operations/" + id}
	err := s.DB().QueryRow(ctx, `SELECT number, task_reference, coalesce(collection, '') FROM xforce.tasks WHERE task_id = $1`, id).
		Scan(&op.number, &op.reference, &op.collection)
	return op, err
}

// mustBegin begins an operation with the body that its way takes.
func mustBegin(t *testing.T, s *stack.Stack, w way, header http.Header) begun {
	t.Helper()
	op, err := beginWith(t.Context(), s, w, client.RequestBody{Type: "application/json", Header: header, Content: w.body})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// get asks for a path or an address.
func get(t *testing.T, s *stack.Stack, address string) *client.Response {
	t.Helper()
	answer, err := s.Client().Get(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// expectEverywhere asks for an operation in every dialect that fits, and expects all of them to tell its state.
func expectEverywhere(t *testing.T, s *stack.Stack, op begun, state string) {
	t.Helper()
	for _, d := range dialects {
		if !d.fits(op) {
			continue
		}
		want := d.words[state]
		if strings.HasPrefix(state, "gone ") {
			want = state
		}
		if word, _, err := d.read(t.Context(), s.Client(), op); err != nil || word != want {
			t.Errorf("the %s %s is %s: in the dialect %s it is %q, %v", op.name, op.id, state, d.name, word, err)
		}
	}
}
