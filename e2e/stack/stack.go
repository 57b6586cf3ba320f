// Package stack runs a complete Longshore for one test: every service as a process, on a database
// and a Redis of its own, with the least rights in Postgres that operators can give it. Its methods are the vocabulary of the system tests: submit an import,
// wait for its end, kill a worker.
package stack

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/longshore-io/longshore/deploy/local/programs"
	"github.com/longshore-io/longshore/deploy/local/programstest"
	"github.com/longshore-io/longshore/deploy/local/redis"
	"github.com/longshore-io/longshore/e2e/audit"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// Options configures a stack.
type Options struct {
	// Importers, Searchers and Reporters are numbers of processes; 0 means one, None means none.
	Importers, Searchers, Reporters int
	// APIs is the number of api processes; several of them run behind a Balancer. 0 means one.
	APIs int
	// Consoles is the number of console processes: 0 or 1.
	Consoles int
	// PoolerSessions is the number of sessions of a PgBouncer in transaction mode between the services
	// and Postgres; 0 means none, unless PoolerVariable is set.
	PoolerSessions int
	// DeadHost puts a host that refuses connections before that of Postgres in the services' address.
	DeadHost bool
	// Env contains additional variables for all services, as NAME=value. Later ones override earlier ones.
	Env []string
	// ServiceEnv contains additional variables for the processes of one service, by its name. They
	// override those of Env.
	ServiceEnv map[string][]string
	// Collections is a folder of collection files. Tables must create their tables.
	Collections string
	// Tables contains SQL statements that run before the services start.
	Tables string
	// Proxied names the services whose processes reach Postgres and Redis through fault proxies, one
	// for each process and server: see Stack.Postgres and Stack.Redis.
	Proxied []string
}

// None as a number of processes means that the stack runs without this service.
const None = -1

// processes returns the number of processes of each service.
func (o Options) processes() map[string]int {
	n := map[string]int{"importer": o.Importers, "searcher": o.Searchers, "reporter": o.Reporters}
	for _, service := range programs.Services() {
		n[service.Name] = max(cmp.Or(n[service.Name], 1), 0)
	}
	n["api"] = max(o.APIs, 1)
	n["console"] = o.Consoles
	return n
}

// Stack is a running Longshore. Its methods must be called by the goroutine of the test, unless they
// document otherwise. They fail the test instead of returning errors.
type Stack struct {
	tb     testing.TB
	client *client.Client
	db     *pgxpool.Pool

	database string // its URL as superuser, through the pooler if there is one
	redis    *redis.Server
	balancer *Balancer
	services map[string][]*Service
	ended    map[string][]*Service // replaced or removed processes
	env      []string              // of all services, without Options.Env
	extra    []string              // Options.Env
	proxied  []string
	// serviceEnv are the variables of Options.ServiceEnv.
	serviceEnv map[string][]string
	console    string
}

// MaxStacks returns the maximum number of stacks that run at the same time. Most tests wait for
// timeouts and retries of the services, so a core serves several stacks.
func MaxStacks() int { return max(4, 2*runtime.NumCPU()) }

// slots limits the number of stacks that run at the same time. Subtests of a test that has a stack
// must not be parallel: they could wait for tests that wait for a slot.
var slots = make(chan struct{}, MaxStacks())

// Start starts a stack and returns when all its services are ready. At the end of the test it checks
// that the operations settle, stops the services with SIGTERM, checks that they exit in time, and
// audits the database.
func Start(tb testing.TB, o Options) *Stack {
	tb.Helper()
	programstest.Programs(tb)
	slots <- struct{}{}
	tb.Cleanup(func() { <-slots })

	s := &Stack{tb: tb, proxied: o.Proxied, extra: o.Env, serviceEnv: o.ServiceEnv}
	database := storetest.NewDatabase(tb)
	s.db = Connect(tb, database)
	if o.Tables != "" {
		s.Exec(o.Tables)
	}
	s.redis = startRedis(tb)
	address := freeAddress(tb)
	s.console = freeAddress(tb)
	s.database = database
	if o.DeadHost {
		s.database = behindDeadHost(tb, database)
	}
	pooler := "none"
	if o.PoolerSessions == 0 && os.Getenv(PoolerVariable) != "" {
		o.PoolerSessions = poolerSessions
	}
	if o.PoolerSessions > 0 {
		s.database, pooler = StartPgBouncer(tb, database, o.PoolerSessions), "transaction"
	}
	s.env = []string{
		"DATABASE_URL=" + s.database,
		"LONGSHORE_DB_POOLER=" + pooler,
		"REDIS_URL=" + s.redis.URL(),
		"LONGSHORE_ADDR=" + address,
		"LONGSHORE_CONSOLE_ADDR=" + s.console,
		"LONGSHORE_COLLECTIONS=" + o.Collections,
		"LONGSHORE_LOG_FORMAT=text",
		fmt.Sprintf("LONGSHORE_SHUTDOWN_GRACE=%s", shutdownGrace),
	}
	base := "http://" + address
	if o.APIs > 1 {
		s.balancer = newBalancer(tb)
		base = s.balancer.server.URL
	}
	s.env = append(s.env, "LONGSHORE_API_URL="+base)
	s.client = client.New(base)
	s.startServices(o.processes())
	tb.Cleanup(s.finish)
	return s
}

// startServices starts all processes and returns when all of them are ready.
func (s *Stack) startServices(processes map[string]int) {
	s.tb.Helper()
	s.services, s.ended = make(map[string][]*Service), make(map[string][]*Service)
	var started []*Service
	for _, service := range programs.Services() {
		for range processes[service.Name] {
			process := s.launch(service)
			s.services[service.Name] = append(s.services[service.Name], process)
			started = append(started, process)
		}
	}
	for _, process := range started {
		s.awaitReady(process)
	}
}

// service returns the nth process of a service, counted from 0.
func (s *Stack) service(name string, n int) *Service {
	s.tb.Helper()
	if n >= len(s.services[name]) {
		s.tb.Fatalf("this stack has no %s %d", name, n)
	}
	return s.services[name][n]
}

// finish audits the database and stops the services. After a failed test it only stops the services.
func (s *Stack) finish() {
	s.client.Close()
	s.restoreProxies()
	if !s.tb.Failed() {
		audit.Settled(s.tb, s.db)
	}
	var stops sync.WaitGroup
	for _, processes := range s.services {
		for _, service := range processes {
			stops.Go(func() { service.stop(s.tb) })
		}
	}
	stops.Wait()
	if !s.tb.Failed() {
		audit.Check(s.tb, s.db)
	}
}

// WithTB returns the same stack for a subtest: failures are reported to tb.
func (s *Stack) WithTB(tb testing.TB) *Stack {
	tb.Helper()
	subtest := *s
	subtest.tb = tb
	return &subtest
}

// Env returns the environment of the stack's services, as NAME=value, with the database's superuser in
// place of the services' roles.
func (s *Stack) Env() []string { return slices.Concat(s.env, s.extra) }

// DB returns the stack's database.
func (s *Stack) DB() *pgxpool.Pool { return s.db }

// Client returns the client of the stack's api.
func (s *Stack) Client() *client.Client { return s.client }

// Console returns the URL of the console, without a slash at its end.
func (s *Stack) Console() string { return "http://" + s.console }
