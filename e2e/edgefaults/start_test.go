package edgefaults_test

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/pkg/pgproxy"
)

// TestStartWithoutPostgres: an api that waits for Postgres answers 503 and is not ready. It serves as
// soon as Postgres answers.
func TestStartWithoutPostgres(t *testing.T) {
	s := stack.Start(t, stack.Options{Proxied: []string{"api"}, Env: []string{"LONGSHORE_DB_WAIT=5m"}})
	for name, hinder := range map[string]func(*pgproxy.Postgres){
		"silent": func(p *pgproxy.Postgres) { p.SilenceAll() },
		"down":   func(p *pgproxy.Postgres) { p.Refuse("57P03") },
	} {
		s.StopAPI()
		hinder(s.Postgres("api", 0))
		ready := s.BeginAPI()
		await.Until(t, slack, "503 while Postgres is "+name, func() bool {
			response, err := s.Client().Do(t.Context(), http.MethodPost, importRequest.path, importRequest.body)
			if err != nil {
				return false // it does not listen yet
			}
			problem, err := response.Problem()
			if err != nil || response.Status != http.StatusServiceUnavailable || problem.Code() != "starting" || response.Header.Get("Retry-After") == "" {
				t.Fatalf("%s: got %d %s, %v, want 503 starting with Retry-After", name, response.Status, response.Body, err)
			}
			return true
		})
		await.Until(t, slack, "the admin listener to say not ready", func() bool {
			response, err := s.Client().Get(t.Context(), s.Admin("api", 0)+"/readyz")
			return err == nil && response.Status == http.StatusServiceUnavailable
		})
		s.Postgres("api", 0).Restore()
		ready()
		if response, err := s.Client().Get(t.Context(), "/operations"); err != nil || response.Status != http.StatusOK {
			t.Errorf("%s: GET /operations of the started api = %v, %v, want 200", name, response, err)
		}
	}
}

// TestStartBesideFailingStatements: statements fail while an importer starts, after it has connected. It
// waits for errors that go away.
func TestStartBesideFailingStatements(t *testing.T) {
	s := stack.Start(t, stack.Options{Proxied: []string{"importer"}})
	for name, fault := range map[string]pgproxy.Fault{
		"restart":    {Action: pgproxy.Fail, SQLState: "57P01", Fatal: true},
		"overloaded": {Action: pgproxy.Fail, SQLState: "53200"},
		"deadlock":   {Action: pgproxy.Fail, SQLState: "40P01"},
		"connection": {Action: pgproxy.Reset},
	} {
		t.Run(name, func(t *testing.T) {
			s := s.WithTB(t)
			s.StopImporter(0)
			fault.Statement, fault.Times = regexp.MustCompile("FROM xforce.collections"), 2
			failing := s.Postgres("importer", 0).Inject(fault)
			s.StartImporter(0)
			if failing.Hits() != 2 {
				t.Errorf("%d statements failed during the start, want 2", failing.Hits())
			}
		})
	}
}
