package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
)

// controlRequest is a request that cancels or prunes an operation.
type controlRequest struct {
	name, method string
	path         func(op startedOperation) string
	// kinds contains the kinds of operations that support the request.
	kinds []string
	// readStatus returns the status in a response with a body; statuses are those of its dialect.
	readStatus func(body []byte) (string, error)
	statuses   map[string]string
}

// DELETE of an unfinished operation cancels it, so each request of pruneRequests may do either.
var (
	cancelRequests = []controlRequest{
		{
			"POST operations :cancel", http.MethodPost, pathOf("operations", ":cancel"), allKinds, readMonitorStatus,
			dialectNamed("operations").statuses,
		},
		{"POST google :cancel", http.MethodPost, pathOf("google", ":cancel"), allKinds, readEmptyObject, emptyObject},
		{
			"GET tasks ?cancel", http.MethodGet, pathOf("tasks in JSON", "?cancel=true"), allKinds, readTaskStatus,
			dialectNamed("tasks in JSON").statuses,
		},
		{"DELETE search", http.MethodDelete, pathOf("search", ""), []string{"search"}, readStatusMember, dialectNamed("search").statuses},
	}
	pruneRequests = []controlRequest{
		{"DELETE operations", http.MethodDelete, pathOf("operations", ""), allKinds, readMonitorStatus, dialectNamed("operations").statuses},
		{"DELETE tasks", http.MethodDelete, pathOf("tasks in JSON", ""), allKinds, readTaskStatus, dialectNamed("tasks in JSON").statuses},
		{"DELETE google", http.MethodDelete, pathOf("google", ""), allKinds, readEmptyObject, emptyObject},
		{"DELETE location", http.MethodDelete, pathOf("location", ""), []string{"report"}, readStatusMember, dialectNamed("location").statuses},
		{
			"GET tasks ?prune", http.MethodGet, pathOf("tasks in XML", "?prune=true"), allKinds, readTaskXMLStatus,
			dialectNamed("tasks in XML").statuses,
		},
	}
)

// emptyObject contains the states after a response without a status: the operation is finished.
var emptyObject = map[string]string{"succeeded": "{}", "failed": "{}", "cancelled": "{}", "timed_out": "{}"}

func readEmptyObject(body []byte) (string, error) { return strings.TrimSpace(string(body)), nil }

func pathOf(dialectName, suffix string) func(startedOperation) string {
	path := dialectNamed(dialectName).path
	return func(op startedOperation) string { return path(op) + suffix }
}

// control sends one of the requests, and records the state in its response.
func (a *actor) control(ctx context.Context, o *observedOperation, requests []controlRequest) error {
	r := pick(a.rand, requests)
	if !slices.Contains(r.kinds, o.op.kind) {
		return nil
	}
	began := time.Now()
	response, err := a.stack.Client().Do(ctx, r.method, r.path(o.op), client.RequestBody{})
	if err != nil {
		return err
	}
	ended := time.Now()
	states, err := r.statesOf(response)
	if err != nil {
		return fmt.Errorf("%s: status %d, %s: %w", r.name, response.Status, response.Body, err)
	}
	if states != nil {
		o.add(observation{fmt.Sprintf("response %d %.80s to %s", response.Status, response.Body, r.name), began, ended, states})
	}
	return nil
}

// statesOf returns the states that the operation may have after a response; nil if the response
// does not contain a state.
func (r controlRequest) statesOf(response *client.Response) ([]string, error) {
	switch response.Status {
	case http.StatusConflict: // not possible in this state
		return nil, nil
	case http.StatusBadRequest:
		if strings.Contains(r.name, "google") { // FAILED_PRECONDITION
			return nil, nil
		}
		return nil, errors.New("want no bad request")
	case http.StatusGone:
		p, err := response.Problem()
		return []string{"gone " + p.FinalState}, err
	case http.StatusNoContent:
		return slices.Clone(goneStates), nil
	case http.StatusOK, http.StatusCreated, http.StatusAccepted:
		return r.statesInBody(response.Body)
	default:
		return nil, errors.New("unexpected status")
	}
}

func (r controlRequest) statesInBody(body []byte) ([]string, error) {
	status, err := r.readStatus(body)
	if err != nil {
		return nil, err
	}
	states := dialect{statuses: r.statuses}.statesOf(status)
	if states == nil {
		return nil, fmt.Errorf("unknown status %q", status)
	}
	for _, state := range slices.Clone(states) {
		if slices.Contains(goneStates, "gone "+state) { // the response to a prune contains the final state
			states = append(states, "gone "+state)
		}
	}
	return states, nil
}
