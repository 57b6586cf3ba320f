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

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
)

// dialect is a form of status responses, and the path at which an operation has it.
type dialect struct {
	name string
	// kinds contains the kinds of operations that have the dialect.
	kinds []string
	path  func(op startedOperation) string
	// readStatus returns the status in a response. It distinguishes a timeout from another failure,
	// if the dialect does.
	readStatus func(body []byte) (string, error)
	// statuses contains the dialect's status for each state of an operation.
	statuses map[string]string
}

var allKinds = []string{"import", "search", "report"}

// dialects contains every dialect. The statuses are copied from the dialects' documents, and for
// Google from the codes of google.rpc.Code, not from the product.
var dialects = []dialect{
	{
		name: "operations", kinds: allKinds, path: idPath("/operations/"), readStatus: readMonitorStatus,
		statuses: statusesOf("NotStarted", "Running", "Succeeded", "Failed", "Canceled", "Failed TimedOut"),
	},
	{
		name: "operations at /status", kinds: allKinds, path: idPath("/status/"), readStatus: readMonitorStatus,
		statuses: statusesOf("NotStarted", "Running", "Succeeded", "Failed", "Canceled", "Failed TimedOut"),
	},
	{
		name: "tools", kinds: []string{"import"}, readStatus: readStatusMember,
		path:     func(op startedOperation) string { return "/api/" + op.collection + "/import/status/" + op.reference },
		statuses: statusesOf("IN_PROGRESS", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED", "FAILED"),
	},
	{
		name: "search", kinds: []string{"search"}, path: idPath("/search/status/"), readStatus: readStatusMember,
		statuses: statusesOf("IN_PROGRESS", "IN_PROGRESS", "COMPLETED", "INTERNAL_SERVER_ERROR", "CANCELLED_BY_USER", "TIMED_OUT"),
	},
	{
		name: "tasks in JSON", kinds: allKinds, path: numberPath("/tasks/", ".json"), readStatus: readTaskStatus,
		statuses: statusesOf("WAITING", "RUNNING", "FINISHED", "FAILED", "CANCELLED", "FAILED"),
	},
	{
		name: "tasks in XML", kinds: allKinds, path: numberPath("/tasks/", ".xml"), readStatus: readTaskXMLStatus,
		statuses: statusesOf("WAITING", "RUNNING", "FINISHED", "FAILED", "CANCELLED", "FAILED"),
	},
	{
		name: "google", kinds: allKinds, path: idPath("/v1/operations/"), readStatus: readGoogleStatus,
		statuses: statusesOf("not done", "not done", "response", "error", "error 1", "error 4"),
	},
	{
		name: "location", kinds: []string{"report"}, path: numberPath("/report-status/", ""), readStatus: readStatusMember,
		statuses: statusesOf("in_progress", "in_progress", "completed", "failed", "cancelled", "failed"),
	},
}

func idPath(prefix string) func(startedOperation) string {
	return func(op startedOperation) string { return prefix + op.id }
}

func numberPath(prefix, suffix string) func(startedOperation) string {
	return func(op startedOperation) string { return prefix + strconv.FormatInt(op.number, 10) + suffix }
}

func statusesOf(waiting, running, succeeded, failed, cancelled, timedOut string) map[string]string {
	return map[string]string{
		"waiting": waiting, "running": running, "succeeded": succeeded, "failed": failed, "cancelled": cancelled, "timed_out": timedOut,
	}
}

func dialectNamed(name string) dialect {
	return dialects[slices.IndexFunc(dialects, func(d dialect) bool { return d.name == name })]
}

// supports reports whether operations of this kind have the dialect.
func (d dialect) supports(op startedOperation) bool { return slices.Contains(d.kinds, op.kind) }

// statesOf returns the states that have a status. There is none if the dialect does not have the
// status.
func (d dialect) statesOf(status string) (states []string) {
	for state, its := range d.statuses {
		if its == status {
			states = append(states, state)
		}
	}
	return states
}

// read requests an operation in the dialect. It returns its status, and the states that it may
// have; those of an operation that answers 410 begin with "gone".
func (d dialect) read(ctx context.Context, c *client.Client, op startedOperation) (status string, states []string, err error) {
	path := d.path(op)
	response, err := c.Get(ctx, path)
	if err != nil {
		return "", nil, err
	}
	if response.Status == http.StatusGone {
		p, err := response.Problem()
		return "gone " + p.FinalState, []string{"gone " + p.FinalState}, err
	}
	if response.Status > 202 {
		return "", nil, fmt.Errorf("GET %s: status %d: %s", path, response.Status, response.Body)
	}
	if status, err = d.readStatus(response.Body); err != nil {
		return "", nil, fmt.Errorf("GET %s: decoding %s: %w", path, response.Body, err)
	}
	if states = d.statesOf(status); states == nil {
		return "", nil, fmt.Errorf("GET %s: unknown status %q: %s", path, status, response.Body)
	}
	return status, states, nil
}

func readStatusMember(body []byte) (string, error) {
	var m struct{ Status string }
	err := json.Unmarshal(body, &m)
	return m.Status, err
}

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

// readGoogleStatus returns "not done", "response" or "error". The codes 1 (CANCELLED) and 4
// (DEADLINE_EXCEEDED) are appended to "error".
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
		return "", fmt.Errorf("done is %v, error %+v, response %s: want one of both if done", m.Done, m.Error, m.Response)
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

// expectInAllDialects reads an operation in every dialect of its kind, and compares the status with
// that of the wanted state. A state that begins with "gone" means that the operation answers 410.
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
		if got, _, err := d.read(t.Context(), s.Client(), op); err != nil || got != want {
			t.Errorf("%s %s in the dialect %s: got status %q, %v, want %q", op.kind, op.id, d.name, got, err, want)
		}
	}
}
