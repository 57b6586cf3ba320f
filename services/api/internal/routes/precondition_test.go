package routes_test

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// changes returns the routes that change something, and the GET of the tasks that does.
func (a *api) changes() (routes []edge.Route) {
	for _, r := range a.everyRoute() {
		if r.Method != http.MethodGet && r.Method != http.MethodHead || r.Path == "/tasks/:task" && r.Method == http.MethodGet {
			routes = append(routes, r)
		}
	}
	return routes
}

// pathOfChange returns an address of a change of an operation, or of a key or token that exists.
func pathOfChange(r edge.Route, op operationIDs, key, token string) string {
	path := pathOf(r, op)
	switch r.Path {
	case "/tasks/:task":
		if r.Method == http.MethodGet {
			path += "?cancel=true"
		}
	case "/collections/:collection":
		if r.Method == http.MethodPut {
			path += "?check=false"
		}
	case "/keys/:key":
		path = "/keys/" + key
	case "/tokens/:token":
		path = "/tokens/" + token
	}
	return path
}

// start starts a search or a report and returns its names.
func (a *api) start(t *testing.T, header, path, body string) operationIDs {
	t.Helper()
	accepted := a.send(t, oneClient, http.MethodPost, path, body, header, "Content-Type: application/json")
	accepted.check(t, "POST "+path, http.StatusAccepted)
	_, id, _ := strings.Cut(accepted.header.Get("Operation-Location"), "/operations/")
	op, err := a.store.Operation(access.With(t.Context(), access.NewLocal()), uuid.MustParse(id))
	if err != nil {
		t.Fatal(err)
	}
	return operationIDs{id: id, number: strconv.FormatInt(op.Number, 10)}
}

// TestPreconditionsOfChanges sends conditions that do not hold to every route that changes something. Each is
// answered with 412, and nothing changes.
func TestPreconditionsOfChanges(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	all, _ := a.newKey(t, nil)
	revoked, key := a.newKey(t, nil)
	token := a.credential(t, access.Token, "", time.Hour)
	_, tokenID, _ := strings.Cut(token, "lst_")
	tokenID, _, _ = strings.Cut(tokenID, "_")
	known := a.begin(t, all)
	before := a.send(t, oneClient, http.MethodGet, "/operations/"+known.id, "", all)
	search := a.start(t, all, "/search", `{"collection":"tools"}`)
	report := a.start(t, all, "/start-report", `{"report":"imports","format":"pdf"}`)
	finished := a.begin(t, all)
	a.send(t, oneClient, http.MethodPost, "/operations/"+finished.id+":cancel", "", all).check(t, "cancel", http.StatusOK)
	part := "/api/tools/import/uploads/" + known.upload + "/parts/7"
	stored := a.send(t, oneClient, http.MethodPut, part, `{}`, all)
	stored.check(t, "PUT of a part", http.StatusCreated)
	for _, route := range a.changes() {
		if route.Method == http.MethodDelete && route.Path == "/collections/:collection" { // this one comes with Longshore
			continue
		}
		conditions := []string{`If-Match: "nosuch"`, `If-Match: W/"99"`, "If-Match: nosuch"}
		if route.Conditional || route.Method == http.MethodGet {
			conditions = append(conditions, "If-None-Match: *", "If-Unmodified-Since: Sat, 31 Jan 1998 12:00:00 GMT")
		}
		for _, condition := range conditions {
			if route.Method == http.MethodPut && strings.HasPrefix(route.Path, "/collections") && !strings.HasPrefix(condition, "If-Match") { // not stored yet
				continue
			}
			body := map[bool]string{true: `{"x-longshore":{"table":"xforce.tools","key":["tool_id"]},"type":"object","properties":{"tool_id":{"type":"string"}}}`, false: "{}"}[strings.HasPrefix(route.Path, "/collections/")]
			op := known
			switch {
			case strings.HasPrefix(route.Path, "/search/"):
				op = search
			case strings.HasPrefix(route.Path, "/report-"):
				op = report
			case strings.HasPrefix(route.Path, "/v1/") && route.Method == http.MethodDelete: // which deletes finished ones only
				op = finished
			}
			got := a.send(t, oneClient, route.Method, pathOfChange(route, op, key, tokenID), body, all, "Content-Type: application/json", condition)
			if got.status != http.StatusPreconditionFailed {
				t.Errorf("%s %s with %s = %d %s, want 412", route.Method, route.Path, condition, got.status, got.body)
			}
		}
	}
	after := a.send(t, oneClient, http.MethodGet, "/operations/"+known.id, "", all)
	if after.body != before.body || after.header.Get("ETag") != before.header.Get("ETag") {
		t.Errorf("the operation = %s %s, want it as before: %s", after.header.Get("ETag"), after.body, before.body)
	}
	a.send(t, oneClient, http.MethodGet, "/me", "", revoked).check(t, "the key", http.StatusOK)
	a.send(t, oneClient, http.MethodGet, "/me", "", token).check(t, "the token", http.StatusOK)
	replaced := a.send(t, oneClient, http.MethodPut, part, `{}`, all, "If-Match: "+stored.header.Get("ETag"))
	replaced.check(t, "PUT of the part with its ETag", http.StatusOK)
}

// TestPreconditionsThatHold cancels and deletes operations in every dialect with the revision that the client knows,
// strong and weak. The revision is the same in all dialects.
func TestPreconditionsThatHold(t *testing.T) {
	t.Parallel()
	a := startAPI(t, nil)
	none := "X-None: 1"
	for _, route := range a.changes() {
		if !strings.Contains(route.Path, "/:id") && !strings.Contains(route.Path, "/:task") || strings.HasPrefix(route.Path, "/search") {
			continue
		}
		for _, weak := range []bool{false, true} {
			op := a.begin(t, none)
			if strings.HasPrefix(route.Path, "/v1/") && route.Method == http.MethodDelete { // which deletes finished ones only
				a.send(t, oneClient, http.MethodPost, "/v1/operations/"+op.id+":cancel", "", none).check(t, "cancel", http.StatusOK)
			}
			tag := a.send(t, oneClient, http.MethodGet, "/v1/operations/"+op.id, "", none).header.Get("ETag")
			if !weak {
				tag = strings.TrimPrefix(tag, "W/")
			}
			got := a.send(t, oneClient, route.Method, pathOfChange(route, op, "", ""), "", none, "If-Match: "+tag)
			got.check(t, route.Method+" "+route.Path+" with "+tag, http.StatusOK)
		}
	}
	op := a.begin(t, none)
	both := a.send(t, oneClient, http.MethodGet, "/tasks/"+op.number+"?cancel=true&prune=true", "", none, `If-Match: "1"`)
	both.check(t, "cancelling and pruning in one request", http.StatusOK)
}

// TestPreconditionIsAtomic: of several requests that know the same revision, one is carried out.
func TestPreconditionIsAtomic(t *testing.T) {
	t.Parallel()
	a := startAPI(t, nil)
	op := a.begin(t, "X-None: 1")
	var carriedOut, refused atomic.Int32
	var wait sync.WaitGroup
	for range 12 {
		wait.Go(func() {
			switch got := a.send(t, oneClient, http.MethodPost, "/operations/"+op.id+":cancel", "", `If-Match: "1"`); got.status {
			case http.StatusOK:
				carriedOut.Add(1)
			case http.StatusPreconditionFailed:
				refused.Add(1)
			default:
				t.Errorf("cancel = %d %s, want 200 or 412", got.status, got.body)
			}
		})
	}
	wait.Wait()
	if carriedOut.Load() != 1 || refused.Load() != 11 {
		t.Errorf("%d were carried out and %d refused, want 1 and 11", carriedOut.Load(), refused.Load())
	}
}
