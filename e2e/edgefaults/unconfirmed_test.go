package edgefaults_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/pkg/pgproxy"
)

const (
	writeTimeout = 3 * time.Second
	// slack is what an answer may take beyond a limit on a busy machine.
	slack = 15 * time.Second
)

var submissions = map[string]request{"import": importRequest, "search": searchRequest, "report": reportRequest}

// TestAbsentStandby: Postgres commits and waits for a synchronous standby that does not exist. The
// client gets the address of the operation in time, which runs to its end once Postgres waits no more.
func TestAbsentStandby(t *testing.T) {
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_WRITE_TIMEOUT=" + writeTimeout.String()}})
	setStandbys(t, s, "absent")
	var accepted []client.Accepted
	for name, r := range submissions {
		op := mustBeUnknown(t, s, name, r)
		accepted = append(accepted, op)
		await.Until(t, slack, "the "+name+" to be found at its address", func() bool {
			response, err := s.Client().Get(t.Context(), op.OperationLocation)
			return err == nil && response.Status == http.StatusOK
		})
	}
	setStandbys(t, s, "")
	for _, op := range accepted {
		s.WaitFor(op, "Succeeded")
	}
}

// askOutcome matches the statement that asks what became of a transaction.
var askOutcome = regexp.MustCompile("pg_xact_status")

// TestUnknownOutcome: the connection ends at the COMMIT, and then whenever the api asks for the outcome.
func TestUnknownOutcome(t *testing.T) {
	s := stack.Start(t, stack.Options{Proxied: []string{"api"}, Env: []string{"LONGSHORE_WRITE_TIMEOUT=" + writeTimeout.String()}})
	for name, r := range submissions {
		proxy := s.Postgres("api", 0)
		proxy.Inject(pgproxy.Fault{Statement: pgproxy.Commit, Moment: pgproxy.BeforeAnswer, Action: pgproxy.Reset})
		proxy.Inject(pgproxy.Fault{Statement: askOutcome, Action: pgproxy.Reset})
		op := mustBeUnknown(t, s, name, r)
		proxy.Restore()
		s.WaitFor(op, "Succeeded")
	}
}

// mustBeUnknown sends a request whose outcome the api can't find out, and returns the operation to
// which the answer leads.
func mustBeUnknown(t *testing.T, s *stack.Stack, name string, r request) client.Accepted {
	t.Helper()
	response, err := s.Client().Do(t.Context(), http.MethodPost, r.path, r.body)
	if err != nil {
		t.Fatal(err)
	}
	problem, err := response.Problem()
	if err != nil || response.Status != http.StatusServiceUnavailable || problem.Code() != "outcome-unknown" {
		t.Fatalf("%s: got %d %s, %v, want 503 outcome-unknown", name, response.Status, response.Body, err)
	}
	if response.Header.Get("Retry-After") == "" || response.Elapsed > writeTimeout+slack {
		t.Errorf("%s: got Retry-After %q after %s, want one after about %s", name, response.Header.Get("Retry-After"), response.Elapsed, writeTimeout)
	}
	location := response.Header.Get("Operation-Location")
	if !strings.HasPrefix(location, s.Client().Base()+"/operations/") {
		t.Fatalf("%s: Operation-Location = %q, want the absolute address of the operation", name, location)
	}
	return client.Accepted{ID: location[strings.LastIndex(location, "/")+1:], OperationLocation: location}
}

// setStandbys sets the standbys that must confirm each commit.
func setStandbys(t *testing.T, s *stack.Stack, names string) {
	t.Helper()
	t.Cleanup(func() { applyStandbys(context.Background(), t, s, "") })
	applyStandbys(t.Context(), t, s, names)
}

func applyStandbys(ctx context.Context, t *testing.T, s *stack.Stack, names string) {
	t.Helper()
	for _, statement := range []string{"ALTER SYSTEM SET synchronous_standby_names = '" + names + "'", "SELECT pg_reload_conf()"} {
		if _, err := s.DB().Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	const current = `SELECT current_setting('synchronous_standby_names')`
	await.Until(t, slack, "the setting to apply", func() bool {
		var got string
		return s.DB().QueryRow(ctx, current).Scan(&got) == nil && got == names
	})
}

// TestClientLeavesSilentServer: what a client has started ends with it, also while Postgres is silent.
func TestClientLeavesSilentServer(t *testing.T) {
	s := stack.Start(t, stack.Options{Proxied: []string{"api"}})
	s.Postgres("api", 0).SilenceAll()
	for name, r := range submissions {
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		if response, err := s.Client().Do(ctx, http.MethodPost, r.path, r.body); err == nil {
			t.Errorf("%s: got %d from a silent Postgres before the client left", name, response.Status)
		}
		leave()
	}
	await.Until(t, 30*time.Second, "the requests to end", func() bool {
		return s.Metrics("api").Value("longshore_http_requests_in_flight") == 0
	})
}
