package edgefaults_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/pgproxy"
	"github.com/longshore-io/longshore/pkg/store"
)

// attempts is how often a request is sent if the statement that a fault hit was perhaps not its own:
// the api also has statements in the background.
const attempts = 10

// TestErrorOfEveryStatement lets each statement of each route fail: the first one and the COMMIT with
// every error for which store.ClientError has an answer, the others with one of them each. The answer
// is that of the table, and nothing was changed.
func TestErrorOfEveryStatement(t *testing.T) {
	f := newFixture(t)
	defer f.resume()
	for _, route := range f.routes(t) {
		t.Run(route.Method+" "+route.Path, func(t *testing.T) {
			all := samples[route.Method+" "+route.Path]
			if len(all) == 0 {
				t.Fatal("this route has no sample request: add one to samples")
			}
			for _, prepare := range all {
				newCheck(t, f, route.Method, prepare).everyStatement(t)
				if route.Method == http.MethodGet && route.Path != "/operations/:id/events" {
					newCheck(t, f, http.MethodHead, prepare).first(t)
				}
			}
		})
	}
}

type route struct{ Method, Path string }

// routes reads the api's table of routes.
func (f *fixture) routes(t *testing.T) []route {
	t.Helper()
	var index struct{ Routes []route }
	if err := json.Unmarshal(f.mustDo(t, http.MethodGet, get("/")).Body, &index); err != nil {
		t.Fatal(err)
	}
	if len(index.Routes) < 10 {
		t.Fatalf("GET / lists %d routes, want all", len(index.Routes))
	}
	return index.Routes
}

// check sends a request again and again, each time with another fault. A request that fails changes
// nothing, so it can be sent again.
type check struct {
	*fixture
	method     string
	prepare    sample
	request    request
	succeeded  int // status without a fault
	statements int // number of statements without a fault
}

func newCheck(t *testing.T, f *fixture, method string, prepare sample) *check {
	t.Helper()
	c := &check{fixture: f, method: method, prepare: prepare, request: prepare(t, f)}
	counted := f.Postgres("api", 0).Inject(pgproxy.Fault{Action: pgproxy.Delay})
	c.succeeded = f.mustDo(t, method, c.request).Status
	counted.Remove()
	c.statements = counted.Hits()
	c.request = prepare(t, f)
	return c
}

func (c *check) first(t *testing.T) {
	t.Helper()
	if c.statements == 0 {
		return
	}
	for _, sqlState := range store.ClientSQLStates() {
		c.mustFail(t, pgproxy.Fault{SQLState: sqlState})
	}
}

func (c *check) everyStatement(t *testing.T) {
	t.Helper()
	c.first(t)
	sqlStates := store.ClientSQLStates()
	for n := 1; n < c.statements; n++ {
		c.try(t, pgproxy.Fault{SQLState: sqlStates[n%len(sqlStates)], Skip: n})
	}
	for _, sqlState := range sqlStates {
		if !c.mustFail(t, pgproxy.Fault{SQLState: sqlState, Statement: pgproxy.Commit}) {
			break // it has no COMMIT
		}
	}
	if got := c.mustDo(t, c.method, c.request).Status; got != c.succeeded {
		t.Errorf("after all faults: %s %s = %d, want %d", c.method, c.request.path, got, c.succeeded)
	}
}

// mustFail sends the request with a fault of a statement that it can't do without. It reports whether
// there was such a statement.
func (c *check) mustFail(t *testing.T, f pgproxy.Fault) bool {
	t.Helper()
	for range attempts {
		hit, failed := c.try(t, f)
		if failed || !hit {
			return hit
		}
	}
	t.Errorf("%s %s with %s at %v succeeds, want 503", c.method, c.request.path, f.SQLState, f.Statement)
	return true
}

// try sends the request with a fault. It reports whether the fault hit a statement, and whether the
// request failed because of it.
func (c *check) try(t *testing.T, f pgproxy.Fault) (hit, failed bool) {
	t.Helper()
	before := c.state(t)
	f.Action, f.Times = pgproxy.Fail, 1
	injected := c.Postgres("api", 0).Inject(f)
	response, err := c.Client().Do(t.Context(), c.method, c.request.path, c.request.body)
	injected.Remove()
	if errors.Is(err, io.ErrUnexpectedEOF) && f.Skip > 0 {
		return true, false // the answer had begun: the connection ended, so that it does not look complete
	}
	if err != nil {
		t.Fatal(err)
	}
	hit = injected.Hits() > 0
	if response.Status == c.succeeded {
		c.request = c.prepare(t, c.fixture)
		c.WaitForSQL(idleLimit, "the api to be idle", apiIdle) // the watch of a new search would take the next fault
		return hit, false
	}
	if err := wrongAnswer(response, c.method, f.SQLState); err != "" {
		t.Errorf("%s %s with %s at %v after %d: %s", c.method, c.request.path, f.SQLState, f.Statement, f.Skip, err)
	}
	if c.state(t) != before {
		t.Errorf("%s %s with %s at %v after %d: got %d, but something was changed", c.method, c.request.path, f.SQLState, f.Statement, f.Skip, response.Status)
		c.request = c.prepare(t, c.fixture)
	}
	return hit, true
}

// idleLimit is the maximum time until the api has finished what a request left to do.
const idleLimit = 30 * time.Second

const apiIdle = `
SELECT count(*) = 0 FROM pg_stat_activity
WHERE application_name = 'longshore-api' AND datname = current_database() AND state <> 'idle'`

// wrongAnswer compares an answer with the table of errors. It returns the difference.
func wrongAnswer(response *client.Response, method, sqlState string) string {
	want := fault.Of(store.ClientError(&pgconn.PgError{Code: sqlState}))
	if response.Status != http.StatusServiceUnavailable {
		return "status " + strconv.Itoa(response.Status) + " " + string(response.Body) + ", want 503"
	}
	if got, seconds := response.Header.Get("Retry-After"), strconv.Itoa(int(want.Retry/time.Second)); got != seconds {
		return "Retry-After " + got + ", want " + seconds
	}
	if method == http.MethodHead {
		return ""
	}
	problem, err := response.Problem()
	if err != nil {
		return err.Error()
	}
	if problem.Code() != want.Code {
		return "code " + problem.Code() + ", want " + want.Code
	}
	return ""
}
