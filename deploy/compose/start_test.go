package compose_test

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/deploy/local/programs"
	"github.com/longshore-io/longshore/deploy/local/programstest"
	"github.com/longshore-io/longshore/deploy/local/redis"
	"github.com/longshore-io/longshore/deploy/local/sample"
	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// TestStart does what `docker compose up` does, in processes of this machine: Redis with its
// command line, the jobs, and all copies of every program with its container's environment,
// until the health checks succeed. Then it requests the collection of the folder and the console, imports
// the sample by the published port, and stops all programs within their stop_grace_period.
func TestStart(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	for _, job := range []string{"migrate", "collections"} {
		if err := process.Run(t.Context(), m.process(m.services[job])); err != nil {
			t.Fatalf("running %s: %v", job, err)
		}
	}
	for _, known := range programs.Services() {
		service := m.services[known.Name]
		for range service.GetScale() {
			m.start(service)
		}
	}
	for _, container := range m.containers {
		m.awaitHealthy(container)
	}
	if err := sample.Import(t.Context(), "http://"+m.published("api"), firstKey, process.NewConsole(t.Output(), 0).Lines("client")); err != nil {
		t.Error(err)
	}
	if got := status(t, "http://"+m.published("api")+"/collections/books", firstKey); got != http.StatusOK {
		t.Errorf("status of the collection in the folder = %d, want 200", got)
	}
	if got := status(t, "http://"+m.published("console")+"/queues/", ""); got != http.StatusUnauthorized {
		t.Errorf("status of the console without a login = %d, want 401", got)
	}
	for _, container := range m.containers {
		if err := container.child.Stop(); err != nil {
			t.Errorf("stopping %s: %v", container.service.Name, err)
		}
	}
}

// firstKey is an API key as an operator puts it into .env.
const firstKey = "lsk_aaaaaaaaaaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// machine runs what compose would run, with host names and ports of this machine.
type machine struct {
	t                  *testing.T
	services           types.Services
	programs           string
	database, redisURL string
	containers         []container
}

type container struct {
	service types.ServiceConfig
	command process.Command
	child   *process.Child
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	services := load(t, map[string]string{"LONGSHORE_COLLECTIONS": collectionFolder(t)}).Services
	m := &machine{t: t, services: services, programs: programstest.Programs(t)}
	m.database = database(t, m.services["postgres"])
	server, err := redis.Start(t.Context(), redis.Options{Args: m.services["redis"].Command[1:]})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Remove(); err != nil {
			t.Error(err)
		}
	})
	m.redisURL = server.URL()
	return m
}

// collectionFolder creates a folder with the file of a collection.
func collectionFolder(t *testing.T) string {
	t.Helper()
	const books = `{"x-longshore":{"table":"public.books","key":["isbn"],"ordering":"none"},"properties":{"isbn":{"type":"string"}}}`
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "books.json"), []byte(books), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// database creates a database with the owner's schema and the table of the collection on the tests' server, and
// checks that Postgres knows every setting of the container's command line.
func database(t *testing.T, container types.ServiceConfig) string {
	t.Helper()
	address := storetest.NewOwnedDatabase(t)
	conn := storetest.Connect(t, address)
	storetest.Exec(t, conn, "CREATE TABLE books (isbn TEXT PRIMARY KEY)")
	for _, word := range container.Command {
		if name, _, found := strings.Cut(word, "="); found {
			if _, err := conn.Exec(t.Context(), "SELECT current_setting($1)", name); err != nil {
				t.Errorf("the setting %s on Postgres' command line: %v", name, err)
			}
		}
	}
	return address
}

// start starts one copy of the service.
func (m *machine) start(service types.ServiceConfig) {
	m.t.Helper()
	command := m.process(service)
	child, err := process.Start(command)
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = child.Kill() }) // if the test fails before it stops the program
	m.containers = append(m.containers, container{service, command, child})
}

// process returns the command of a service with its container's environment. The image says which program it is.
func (m *machine) process(service types.ServiceConfig) process.Command {
	m.t.Helper()
	program, _, _ := strings.Cut(path.Base(service.Image), ":")
	command := process.Command{Args: []string{filepath.Join(m.programs, program)}, Env: []string{}, Stdout: m.t.Output(), Grace: time.Duration(*service.StopGracePeriod)}
	for _, word := range service.Command {
		for _, mount := range service.Volumes {
			if word == mount.Target {
				word = mount.Source
			}
		}
		command.Args = append(command.Args, word)
	}
	for name, value := range service.Environment {
		command.Env = append(command.Env, name+"="+m.local(name, *value))
	}
	return command
}

// local returns the value of a container's variable for this machine.
func (m *machine) local(name, value string) string {
	m.t.Helper()
	switch {
	case name == "DATABASE_URL":
		address, err := url.Parse(value)
		if err != nil {
			m.t.Fatal(err)
		}
		return storetest.As(m.t, m.database, grants.Role(strings.TrimPrefix(address.User.Username(), "longshore_")))
	case strings.HasSuffix(name, "_ROLE"):
		return storetest.RoleName(grants.Role(strings.TrimPrefix(value, "longshore_")))
	case name == "REDIS_URL":
		return m.redisURL
	case strings.HasSuffix(name, "_ADDR"):
		port, err := process.Port(m.t.Context(), 0)
		if err != nil {
			m.t.Fatal(err)
		}
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	default:
		return value
	}
}

// published returns the address of a service's listener for clients.
func (m *machine) published(service string) string {
	m.t.Helper()
	for _, c := range m.containers {
		for _, variable := range c.command.Env {
			name, value, _ := strings.Cut(variable, "=")
			if c.service.Name == service && strings.HasSuffix(name, "_ADDR") && name != "LONGSHORE_ADMIN_ADDR" {
				return value
			}
		}
	}
	m.t.Fatalf("%s has no listener for clients", service)
	return ""
}

// awaitHealthy runs the container's health check until it succeeds, at most for its start period.
func (m *machine) awaitHealthy(c container) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), time.Duration(*c.service.HealthCheck.StartPeriod))
	defer cancel()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		output := process.NewTail(nil)
		check := process.Command{Args: append([]string{c.command.Args[0]}, c.service.HealthCheck.Test[2:]...), Env: c.command.Env, Stdout: output}
		err := process.Run(ctx, check)
		if err == nil {
			return
		}
		select {
		case <-ticker.C:
		case <-c.child.Done():
			m.t.Fatalf("%s exited: %v", c.service.Name, c.child.Err())
		case <-ctx.Done():
			m.t.Fatalf("%s is not healthy: %v: %s", c.service.Name, err, output)
		}
	}
}

// status requests the address, with an API key unless it is empty, and returns the status of the answer.
func status(t *testing.T, address, key string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode
}
