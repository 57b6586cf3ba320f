// Package stack runs a complete Longshore for one test, as processes: every service there is, on a database of its own and a Redis of
// its own. Its methods are the language of the system tests: submit this, wait for that, kill those.
package stack

import (
	"cmp"
	"fmt"
	"runtime"
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

// Options says what a stack is made of.
type Options struct {
	// Importers, Searchers and Reporters are how many there are; 0 means one, None means none.
	Importers, Searchers, Reporters int
	// APIs is how many there are; several stand behind a Balancer. 0 means one.
	APIs int
	// Consoles is how many consoles there are; one at most, which Console finds.
	Consoles int
	// Env are further variables for all services, as NAME=value. Later ones win.
	Env []string
	// Collections is a folder of collection files; their tables are made by Tables before the services start.
	Collections string
	// Tables are SQL statements.
	Tables string
}

// None leaves a service out.
const None = -1

// copies says how many processes of each service there are.
func (o Options) copies() map[string]int {
	copies := map[string]int{"importer": o.Importers, "searcher": o.Searchers, "reporter": o.Reporters}
	for _, service := range programs.Services() {
		copies[service.Name] = max(cmp.Or(copies[service.Name], 1), 0)
	}
	copies["api"] = max(o.APIs, 1)
	copies["console"] = o.Consoles // operators look at few stacks
	return copies
}

// Stack is a running Longshore. Its methods are for the test's own goroutine, unless they say otherwise.
type Stack struct {
	tb     testing.TB
	client *client.Client
	db     *pgxpool.Pool

	redis    *redis.Server
	balancer *Balancer
	services map[string][]*Service
	ended    map[string][]*Service // those that were replaced or taken away
	env      []string
	console  string
}

// slots limits how many stacks run at the same time: each of them is half a dozen processes. Subtests of a test that has one must
// not be parallel: they would wait for a turn of theirs behind tests that wait for a berth.
var slots = make(chan struct{}, max(2, runtime.NumCPU()/2))

// Start starts a stack and returns when it is ready. When the test ends, the services are stopped by SIGTERM and must obey in time,
// and the books of the database are audited.
func Start(tb testing.TB, o Options) *Stack {
	tb.Helper()
	programstest.Programs(tb)
	slots <- struct{}{}
	tb.Cleanup(func() { <-slots })

	s := &Stack{tb: tb}
	database := storetest.NewDatabase(tb)
	s.db = Connect(tb, database)
	if o.Tables != "" {
		s.Exec(o.Tables)
	}
	s.redis = startRedis(tb)
	address := freeAddress(tb)
	s.console = freeAddress(tb)
	s.env = append([]string{
		"DATABASE_URL=" + database,
		"REDIS_URL=" + s.redis.URL(),
		"LONGSHORE_ADDR=" + address,
		"LONGSHORE_CONSOLE_ADDR=" + s.console,
		"LONGSHORE_COLLECTIONS=" + o.Collections,
		"LONGSHORE_LOG_FORMAT=text",
		fmt.Sprintf("LONGSHORE_SHUTDOWN_GRACE=%s", grace),
	}, o.Env...)
	base := "http://" + address
	if o.APIs > 1 {
		s.balancer = newBalancer(tb)
		base = s.balancer.server.URL
	}
	s.client = client.New(base)
	s.startServices(o.copies())
	tb.Cleanup(s.finish)
	return s
}

// startServices starts one after the other, and returns when all are ready.
func (s *Stack) startServices(copies map[string]int) {
	s.tb.Helper()
	s.services, s.ended = make(map[string][]*Service), make(map[string][]*Service)
	for _, service := range programs.Services() {
		for range copies[service.Name] {
			s.services[service.Name] = append(s.services[service.Name], s.launch(service))
		}
	}
}

// service is the nth process of a service, from 0.
func (s *Stack) service(name string, n int) *Service {
	s.tb.Helper()
	if n >= len(s.services[name]) {
		s.tb.Fatalf("there is no %s %d in this stack", name, n)
	}
	return s.services[name][n]
}

// finish audits the books and stops the services. What failed already is not held against the books.
func (s *Stack) finish() {
	s.client.Close()
	if !s.tb.Failed() {
		audit.Settled(s.tb, s.db)
	}
	var all sync.WaitGroup
	for _, processes := range s.services {
		for _, service := range processes {
			all.Go(func() { service.stop(s.tb) })
		}
	}
	all.Wait()
	if !s.tb.Failed() {
		audit.Check(s.tb, s.db)
	}
}

// WithTB returns the same stack for a subtest, which then fails in place of the test that started the stack.
func (s *Stack) WithTB(tb testing.TB) *Stack {
	tb.Helper()
	subtest := *s
	subtest.tb = tb
	return &subtest
}

// DB is the stack's database.
func (s *Stack) DB() *pgxpool.Pool { return s.db }

// Client speaks to the api.
func (s *Stack) Client() *client.Client { return s.client }

// Console is the address of the console, without a slash at its end.
func (s *Stack) Console() string { return "http://" + s.console }
