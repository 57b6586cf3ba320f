package compose_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/deploy/local/programs"
	"github.com/longshore-io/longshore/deploy/local/programstest"
	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/deploy/local/redis"
	"github.com/longshore-io/longshore/deploy/local/sample"
)

// TestWhatComposeStartsWorks does what `docker compose up` does, as processes of this machine: Redis by its command line, the migration, and every
// program with its container's environment and as often, until the container's health check is content with all of them. Then it imports the sample
// by the published port, looks at the queues, and stops all within their stop_grace_period.
func TestWhatComposeStartsWorks(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	if err := process.Run(t.Context(), m.process(m.services["migrate"])); err != nil {
		t.Fatalf("migrating: %v", err)
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
	if err := sample.Import(t.Context(), "http://"+m.published("api"), process.NewConsole(t.Output(), 0).Lines("client")); err != nil {
		t.Error(err)
	}
	for want, login := range map[int]*url.Userinfo{http.StatusOK: url.UserPassword("operator", "longshore"), http.StatusUnauthorized: nil} {
		address := url.URL{Scheme: "http", User: login, Host: m.published("console"), Path: "/queues/"}
		if got := status(t, address.String()); got != want {
			t.Errorf("the console answers %d to %v, not %d", got, login, want)
		}
	}
	for _, container := range m.containers {
		if err := container.child.Stop(); err != nil {
			t.Errorf("stopping %s: %v", container.service.Name, err)
		}
	}
}

// machine runs what compose would, with the host names and ports of this machine in the place of the containers'.
type machine struct {
	t                     *testing.T
	services              types.Services
	programs              string
	databaseURL, redisURL string
	containers            []container
}

type container struct {
	service types.ServiceConfig
	command process.Command
	child   *process.Child
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, services: load(t, nil).Services, programs: programstest.Programs(t)}
	m.databaseURL = database(t, m.services["postgres"])
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

// database makes an empty database on the tests' server, which must know every setting of the container's command line.
func database(t *testing.T, container types.ServiceConfig) string {
	t.Helper()
	server, err := pgx.Connect(t.Context(), os.Getenv("DATABASE_URL"))
	if err != nil {
		t.Fatalf("DATABASE_URL is not usable (%v): run the tests with make test, which starts what they need", err)
	}
	for _, word := range container.Command {
		if name, _, is := strings.Cut(word, "="); is {
			if _, err := server.Exec(t.Context(), "SELECT current_setting($1)", name); err != nil {
				t.Errorf("Postgres' command line: %v", err)
			}
		}
	}
	name := "compose_" + strings.ToLower(rand.Text())
	if _, err := server.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := server.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		if err := errors.Join(err, server.Close(context.Background())); err != nil {
			t.Errorf("dropping the test's database: %v", err)
		}
	})
	address, err := url.Parse(os.Getenv("DATABASE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	address.Path = "/" + name
	return address.String()
}

// start starts a container of the service.
func (m *machine) start(service types.ServiceConfig) {
	m.t.Helper()
	one := container{service: service, command: m.process(service)}
	child, err := process.Start(one.command)
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = child.Kill() }) // if the test ends before it has stopped it
	one.child = child
	m.containers = append(m.containers, one)
}

// process is the program of a service in its container's environment.
func (m *machine) process(service types.ServiceConfig) process.Command {
	m.t.Helper()
	command := process.Command{Args: []string{filepath.Join(m.programs, service.Name)}, Env: []string{}, Stdout: m.t.Output(), Grace: time.Duration(*service.StopGracePeriod)}
	for name, value := range service.Environment {
		command.Env = append(command.Env, name+"="+m.here(service, name, *value))
	}
	return command
}

// here is what a container's variable has to be on this machine.
func (m *machine) here(service types.ServiceConfig, name, value string) string {
	m.t.Helper()
	switch {
	case name == "DATABASE_URL":
		return m.databaseURL
	case name == "REDIS_URL":
		return m.redisURL
	case name == "LONGSHORE_COLLECTIONS":
		return service.Volumes[0].Source
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

// published is where the port of a service that people see is published: its address that is not the admin listener's.
func (m *machine) published(service string) string {
	m.t.Helper()
	for _, one := range m.containers {
		for _, variable := range one.command.Env {
			name, value, _ := strings.Cut(variable, "=")
			if one.service.Name == service && strings.HasSuffix(name, "_ADDR") && name != "LONGSHORE_ADMIN_ADDR" {
				return value
			}
		}
	}
	m.t.Fatalf("%s is not published", service)
	return ""
}

// awaitHealthy runs the container's health check until it is content, for as long as the container has to start.
func (m *machine) awaitHealthy(one container) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), time.Duration(*one.service.HealthCheck.StartPeriod))
	defer cancel()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		said := process.NewTail(nil)
		check := process.Command{Args: append([]string{one.command.Args[0]}, one.service.HealthCheck.Test[2:]...), Env: one.command.Env, Stdout: said}
		err := process.Run(ctx, check)
		if err == nil {
			return
		}
		select {
		case <-ticker.C:
		case <-one.child.Done():
			m.t.Fatalf("%s has ended: %v", one.service.Name, one.child.Err())
		case <-ctx.Done():
			m.t.Fatalf("%s does not become healthy: %v: %s", one.service.Name, err, said)
		}
	}
}

func status(t *testing.T, address string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
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
