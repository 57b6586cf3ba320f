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

// endpoint is a way in: where operations of a kind begin.
type endpoint struct {
	kind, path string
	// body is one that is taken.
	body []byte
}

// The ways in.
var (
	importEndpoint = endpoint{"import", "/api/tools/import", []byte(`[{"tool_id":"T1","tool_name":"One","category":"Games"}]`)}
	searchEndpoint = endpoint{"search", "/search", []byte(`{"collection":"tools"}`)}
	reportEndpoint = endpoint{"report", "/start-report", nil}
)

// startedOperation is an operation that was accepted.
type startedOperation struct {
	endpoint
	id, reference, collection string
	number                    int64
	accepted                  client.Accepted
}

// dialect is one client family's way to speak of an operation.
type dialect struct {
	name string
	// kinds are the kinds that it speaks of.
	kinds []string
	// path is where an operation stands.
	path func(op startedOperation) string
	// readStatus finds in an answer what the dialect says of the operation's state.
	readStatus func(body []byte) (string, error)
	// statuses is what it says for each state (design section 5, and for Google the codes of google.rpc.Code).
	statuses map[string]string
}

// allKinds is a dialect that speaks of all kinds.
var allKinds = []string{"import", "search", "report"}

// dialects is every dialect that there is. The words are written down here once more, from the design and not from the product.
var dialects = []dialect{
	{
		name: "operations", kinds: allKinds, path: func(op startedOperation) string { return "/operations/" + op.id }, readStatus: readMonitorStatus,
		statuses: statusesOf("NotStarted", "Running", "Succeeded", "Failed", "Canceled", "Failed TimedOut"),
	},
	{
		name: "operations at /status", kinds: allKinds, path: func(op startedOperation) string { return "/status/" + op.id }, readStatus: readMonitorStatus,
		statuses: statusesOf("NotStarted", "Running", "Succeeded", "Failed", "Canceled", "Failed TimedOut"),
	},
	{
		name: "tools", kinds: []string{"import"}, readStatus: readStatusMember,
		path:     func(op startedOperation) string { return "/api/" + op.collection + "/import/status/" + op.reference },
		statuses: statusesOf("IN_PROGRESS", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED", "FAILED"),
	},
	{
		name: "search", kinds: []string{"search"}, path: func(op startedOperation) string { return "/search/status/" + op.id }, readStatus: readStatusMember,
		statuses: statusesOf("IN_PROGRESS", "IN_PROGRESS", "COMPLETED", "INTERNAL_SERVER_ERROR", "CANCELLED_BY_USER", "TIMED_OUT"),
	},
	{
		name: "tasks in JSON", kinds: allKinds, path: func(op startedOperation) string { return "/tasks/" + strconv.FormatInt(op.number, 10) + ".json" }, readStatus: readTaskStatus,
		statuses: statusesOf("WAITING", "RUNNING", "FINISHED", "FAILED", "CANCELLED", "FAILED"),
	},
	{
		name: "tasks in XML", kinds: allKinds, path: func(op startedOperation) string { return "/tasks/" + strconv.FormatInt(op.number, 10) + ".xml" }, readStatus: readTaskXMLStatus,
		statuses: statusesOf("WAITING", "RUNNING", "FINISHED", "FAILED", "CANCELLED", "FAILED"),
	},
	{
		name: "google", kinds: allKinds, path: func(op startedOperation) string { return "/v1/operations/" + op.id }, readStatus: readGoogleStatus,
		statuses: statusesOf("not done", "not done", "response", "error", "error 1", "error 4"),
	},
	{
		name: "location", kinds: []string{"report"}, path: func(op startedOperation) string { return "/report-status/" + strconv.FormatInt(op.number, 10) }, readStatus: readStatusMember,
		statuses: statusesOf("in_progress", "in_progress", "completed", "failed", "cancelled", "failed"),
	},
}

func statusesOf(waiting, running, succeeded, failed, cancelled, timedOut string) map[string]string {
	return map[string]string{
		"waiting": waiting, "running": running, "succeeded": succeeded, "failed": failed, "cancelled": cancelled, "timed_out": timedOut,
	}
}

// supports reports whether the dialect speaks of operations of this kind.
func (d dialect) supports(op startedOperation) bool { return slices.Contains(d.kinds, op.kind) }

// statesOf are those that a word may stand for.
func (d dialect) statesOf(word string) (states []string) {
	for state, its := range d.statuses {
		if its == word {
			states = append(states, state)
		}
	}
	return states
}

// read asks for an operation in the dialect, and returns which states it may be in by what the answer says.
func (d dialect) read(ctx context.Context, c *client.Client, op startedOperation) (word string, states []string, err error) {
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
	if word, err = d.readStatus(answer.Body); err != nil {
		return "", nil, fmt.Errorf("%s: reading %s: %w", d.path(op), answer.Body, err)
	}
	if states = d.statesOf(word); states == nil {
		return "", nil, fmt.Errorf("%s: the dialect has no word %q: %s", d.path(op), word, answer.Body)
	}
	return word, states, nil
}

// operationList is a dialect's list of operations, with all that a test has on one page.
type operationList struct {
	dialect, path string
	// member is the name of the array.
	member string
	// key is the end of the path at which an operation of the list stands.
	key func(item []byte) (string, error)
}

var lists = []operationList{
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
func (l operationList) read(ctx context.Context, c *client.Client) (map[string][]string, error) {
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
	d, states := dialectNamed(l.dialect), make(map[string][]string)
	for _, item := range items {
		key, err := l.key(item)
		if err != nil {
			return nil, fmt.Errorf("%s: reading %s: %w", l.path, item, err)
		}
		word, err := d.readStatus(item)
		if err != nil {
			return nil, fmt.Errorf("%s: reading %s: %w", l.path, item, err)
		}
		if states[key] = d.statesOf(word); states[key] == nil {
			return nil, fmt.Errorf("%s: there is no word %q: %s", l.path, word, item)
		}
	}
	return states, nil
}

// dialectNamed finds a dialect.
func dialectNamed(name string) dialect {
	return dialects[slices.IndexFunc(dialects, func(d dialect) bool { return d.name == name })]
}

// readStatusMember is the member status.
func readStatusMember(body []byte) (string, error) {
	var m struct{ Status string }
	err := json.Unmarshal(body, &m)
	return m.Status, err
}

// readMonitorStatus tells what failed from what was timed out.
func readMonitorStatus(body []byte) (string, error) {
	var m client.Monitor
	if err := json.Unmarshal(body, &m); err != nil {
		return "", err
	}
	if m.Error != nil && m.Error.Code == "TimedOut" {
		return m.Status + " TimedOut", nil
	}
	return m.Status, nil
}

func readTaskStatus(body []byte) (string, error) {
	var m struct{ Task struct{ Status string } }
	err := json.Unmarshal(body, &m)
	return m.Task.Status, err
}

func readTaskXMLStatus(body []byte) (string, error) {
	var m struct {
		Status string `xml:"status"`
	}
	err := xml.Unmarshal(body, &m)
	return m.Status, err
}

// wordOfGoogle: done, and then either a response or an error with a code; 1 is CANCELLED and 4 is DEADLINE_EXCEEDED.
func readGoogleStatus(body []byte) (string, error) {
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

// startOperation begins an operation under an id of its own, so that it can be asked for in every dialect.
func startOperation(ctx context.Context, s *stack.Stack, w endpoint, body client.RequestBody) (startedOperation, error) {
	op := startedOperation{endpoint: w, id: uuid.NewString()}
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
	found, err := findOperation(ctx, s, w, op.id)
	if given := answer.Header.Get("Operation-Location"); err == nil && given != found.accepted.OperationLocation {
		return op, fmt.Errorf("POST %s: the Operation-Location is %q, not %q", w.path, given, found.accepted.OperationLocation)
	}
	return found, err
}

// startMultipart begins an import whose body is sent in two parts, the second first.
func startMultipart(ctx context.Context, s *stack.Stack, body client.RequestBody) (startedOperation, error) {
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
			return startedOperation{}, err
		}
		if answer.Status < 200 || answer.Status > 202 {
			return startedOperation{}, fmt.Errorf("%s %s: status %d: %s", step.method, step.address(), answer.Status, answer.Body)
		}
		if u.ID == "" {
			if err := json.Unmarshal(answer.Body, &u); err != nil {
				return startedOperation{}, fmt.Errorf("reading %s: %w", answer.Body, err)
			}
		}
	}
	return findOperation(ctx, s, importEndpoint, u.ID)
}

// findOperation finds out what an operation is called in each of the dialects.
func findOperation(ctx context.Context, s *stack.Stack, w endpoint, id string) (startedOperation, error) {
	op := startedOperation{endpoint: w, id: id}
	op.accepted = client.Accepted{ID: id, OperationLocation: s.Client().Base() + "/operations/" + id}
	err := s.DB().QueryRow(ctx, `SELECT number, task_reference, coalesce(collection, '') FROM xforce.tasks WHERE task_id = $1`, id).
		Scan(&op.number, &op.reference, &op.collection)
	return op, err
}

// mustStart begins an operation with the body that its way takes.
func mustStart(t *testing.T, s *stack.Stack, w endpoint, header http.Header) startedOperation {
	t.Helper()
	op, err := startOperation(t.Context(), s, w, client.RequestBody{Type: "application/json", Header: header, Content: w.body})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// mustGet asks for a path or an address.
func mustGet(t *testing.T, s *stack.Stack, address string) *client.Response {
	t.Helper()
	answer, err := s.Client().Get(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// expectInAllDialects asks for an operation in every dialect that fits, and expects all of them to tell its state.
func expectInAllDialects(t *testing.T, s *stack.Stack, op startedOperation, state string) {
	t.Helper()
	for _, d := range dialects {
		if !d.supports(op) {
			continue
		}
		want := d.statuses[state]
		if strings.HasPrefix(state, "gone ") {
			want = state
		}
		if word, _, err := d.read(t.Context(), s.Client(), op); err != nil || word != want {
			t.Errorf("the %s %s is %s: in the dialect %s it is %q, %v", op.kind, op.id, state, d.name, word, err)
		}
	}
}
