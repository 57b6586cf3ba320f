package e2e_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/tool"
)

// actor sends random requests, one after the other.
type actor struct {
	*workload
	rand *rand.Rand
}

func (a *actor) act(ctx context.Context) error {
	o := a.random(a.rand)
	switch dice := a.rand.IntN(100); {
	case o == nil || dice < 20:
		if a.claim() {
			return a.start(ctx)
		}
		return nil
	case dice < 22:
		return a.control(ctx, o, cancelRequests)
	case dice < 24:
		return a.control(ctx, o, pruneRequests)
	case dice < 26:
		return a.readList(ctx)
	default:
		return a.read(ctx, o)
	}
}

// start starts an operation of any kind: an import of one body or by a multipart upload, with some
// invalid records; an import that fails as a whole; a search; or a report.
func (a *actor) start(ctx context.Context) error {
	post := func(e endpoint, mediaType, body string) (startedOperation, error) {
		return startOperation(ctx, a.stack, e, client.RequestBody{Type: mediaType, Content: []byte(body)})
	}
	var op startedOperation
	var err error
	switch choice := a.rand.IntN(10); {
	case choice < 4:
		op, err = post(importEndpoint, "application/x-ndjson", a.lines())
	case choice == 4:
		op, err = startMultipart(ctx, a.stack, client.RequestBody{Type: "application/x-ndjson", Content: []byte(a.lines())})
	case choice == 5:
		op, err = post(endpoint{importEndpoint.kind, "/api/spoons/import", nil}, "application/json", `[{"id":1}]`)
	case choice < 8:
		op, err = post(searchEndpoint, "application/json", pick(a.rand, searchBodies))
	default:
		op, err = post(reportEndpoint, "application/json", pick(a.rand, reportBodies))
	}
	if err != nil {
		return err
	}
	a.add(op)
	return a.postMalformed(ctx)
}

var (
	searchBodies = []string{
		`{"collection":"tools"}`, `{"collection":"tools","query":"number","sort":["-tool_name"],"limit":1000}`,
		`{"collection":"tools","filter":{"category":"Games"}}`,
	}
	reportBodies = []string{
		``, `{"report":"imports","format":"html"}`, `{"report":"records","collection":"tools","format":"ndjson"}`,
		`{"report":"records","collection":"tools","format":"xlsx","filter":{"category":"Games"}}`,
	}
)

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// lines returns 1 to 2,000 records.
func (a *actor) lines() string {
	return string(tool.NDJSON(pick(a.rand, []int{1, 10, 200, 2_000}), a.record))
}

// record returns a record with one of few keys, so that imports have keys in common. One of ten
// records is invalid.
func (a *actor) record(int) tool.Tool {
	record := tool.Numbered(a.rand.IntN(20_000))
	if a.rand.IntN(10) == 0 {
		record.Category = ""
	}
	return record
}

// postMalformed sometimes posts a body that is not JSON. It must be rejected and leave no
// operation.
func (a *actor) postMalformed(ctx context.Context) error {
	if a.rand.IntN(10) > 0 {
		return nil
	}
	body := client.RequestBody{Type: "application/json", Content: []byte(`[{"tool_id":`)}
	response, err := a.stack.Client().Do(ctx, http.MethodPost, importEndpoint.path, body)
	if err == nil && response.Status != http.StatusBadRequest {
		err = fmt.Errorf("malformed body: got status %d, want 400: %s", response.Status, response.Body)
	}
	return err
}

// read reads an operation in a random dialect.
func (a *actor) read(ctx context.Context, o *observedOperation) error {
	var supported []dialect
	for _, d := range dialects {
		if d.supports(o.op) {
			supported = append(supported, d)
		}
	}
	d := pick(a.rand, supported)
	began := time.Now()
	status, states, err := d.read(ctx, a.stack.Client(), o.op)
	if err != nil {
		return err
	}
	o.add(observation{description: "status " + status + " in the dialect " + d.name, began: began, ended: time.Now(), states: states})
	return nil
}

// readList reads a list in a random dialect. An operation that was started before and is not listed
// is gone.
func (a *actor) readList(ctx context.Context) error {
	operations := a.all()
	l := pick(a.rand, lists)
	began := time.Now()
	listed, err := l.read(ctx, a.stack.Client())
	if err != nil {
		return err
	}
	ended := time.Now()
	for _, o := range operations {
		states := listed[strconv.FormatInt(o.op.number, 10)]
		if states == nil {
			states = listed[o.op.id]
		}
		if states == nil {
			states = slices.Clone(goneStates)
		}
		o.add(observation{strings.Join(states, " or ") + " in the list of " + l.dialect, began, ended, states})
	}
	return nil
}
