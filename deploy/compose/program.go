package compose

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/longshore-io/longshore/deploy/local/programs"
	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/queue"
)

// folder is where the service collections has the folder of collection files.
const folder = "/collections"

// program returns the name of the program that the service runs.
func (s service) program() string {
	if s.Name == collections {
		return "api"
	}
	return s.Name
}

// checkProgram requires of a service that it runs its program, in the folder of programs, as the program
// expects.
func (s service) checkProgram(ctx context.Context, copies int, programsFolder string) {
	s.checkImage()
	s.checkDependencies()
	s.require(s.GetScale() == copies, "there are %d copies of it, not %d", s.GetScale(), copies)
	s.require(s.ContainerName == "", "container_name prevents more copies of it")
	s.checkCommand()
	environ := s.checkEnvironment()
	if s.Name == collections {
		environ = append(environ, "REDIS_URL=redis://unused") // the api requires it, its command does not
	}
	configuration, err := programs.ReadConfiguration(ctx, programsFolder, s.program(), environ)
	s.require(err == nil, "%v", err)
	if err == nil {
		s.checkConfiguration(configuration)
	}
}

// checkCommand requires that the service runs its program without arguments, which is as a service, and
// that collections stores the collections of a folder, which it must not change.
func (s service) checkCommand() {
	words := slices.Concat(s.Entrypoint, s.Command)
	if s.Name != collections {
		s.require(len(words) == 0, "it runs %q, and runs as a service only without arguments", strings.Join(words, " "))
		return
	}
	want := []string{"collections", "apply", folder}
	s.require(slices.Equal(words, want), "it runs %q, not %q", strings.Join(words, " "), strings.Join(want, " "))
	s.require(slices.ContainsFunc(s.Volumes, func(v types.ServiceVolumeConfig) bool {
		return v.Type == types.VolumeTypeBind && v.Target == folder && v.ReadOnly
	}), "it has no folder of this machine at %s, read only", folder)
}

// checkEnvironment requires that all variables have values, and returns them, NAME=value each.
func (s service) checkEnvironment() (environ []string) {
	for name, value := range s.Environment {
		s.require(value != nil, "variable %s has no value", name)
		if value != nil {
			environ = append(environ, name+"="+*value)
		}
	}
	return environ
}

// checkImage requires the image of the program, of deploy/docker/Dockerfile or `make image`.
func (s service) checkImage() {
	const version, user = "dev", "65532:65532"
	want := "longshore/" + s.program() + ":" + version
	s.require(s.Image == want, "the image is %s, not %s", s.Image, want)
	s.require(s.PullPolicy == "never", "pull_policy is %q, not never: no registry has our images", s.PullPolicy)
	s.require(s.User == user, "the user is %q, not %s", s.User, user)
	if s.Build == nil {
		s.require(false, "there is nothing to build it from")
		return
	}
	file := filepath.Join(s.Build.Context, s.Build.Dockerfile)
	dockerfile := filepath.Join(s.checker.project.WorkingDir, "deploy", "docker", "Dockerfile")
	_, err := os.Stat(dockerfile)
	s.require(file == dockerfile && err == nil, "it is built from %s, not %s (%v)", file, dockerfile, err)
	_, tag, _ := strings.Cut(s.Image, ":")
	got, arguments := s.Build.Args.ToMapping(), types.Mapping{"SERVICE": s.program(), "VERSION": tag}
	s.require(maps.Equal(got, arguments), "it is built with %v, not %v", got, arguments)
}

// startsAfter lists the services that an upgrade replaces before a service (docs/operations.md, "Rolling
// upgrade"). The console uses only the queue.
var startsAfter = map[string][]string{
	"janitor": {migrate}, "importer": {migrate, "janitor"}, "searcher": {migrate, "janitor"}, "reporter": {migrate, "janitor"},
	collections: {migrate, "importer", "searcher", "reporter"}, "api": {migrate, "importer", "searcher", "reporter", collections},
	migrate: nil, "console": nil,
}

// checkDependencies requires that the service starts after its servers and in the order of an
// upgrade, and that its addresses lead to the servers of the file.
func (s service) checkDependencies() {
	before, known := startsAfter[s.Name]
	s.require(known, "it has no place in the order of an upgrade")
	for _, name := range before {
		s.require(s.DependsOn[name].Condition != "", "an upgrade may replace it before %s", name)
	}
	conditions := map[string]string{}
	for _, job := range jobs {
		if slices.Contains(before, job) {
			conditions[job] = types.ServiceConditionCompletedSuccessfully
		}
	}
	s.require(!s.DependsOn[collections].Required, "an invalid collection would keep it from starting (required: false)")
	services := s.checker.project.Services
	if address := s.Environment["DATABASE_URL"]; address != nil {
		conditions[postgres] = types.ServiceConditionHealthy
		server := services[postgres].Environment.ToMapping()
		role := roleOf(s.program())
		password := server["LONGSHORE_"+strings.ToUpper(string(role))+"_PASSWORD"]
		want := fmt.Sprintf("postgres://longshore_%s:%s@%s:5432/%s?sslmode=disable", role, password, postgres, server["POSTGRES_DB"])
		s.require(*address == want, "DATABASE_URL is %s, not %s", *address, want)
		s.requireNetwork(postgres)
	}
	if address := s.Environment["REDIS_URL"]; address != nil {
		const want = "redis://" + redis + ":6379/0"
		s.require(*address == want, "REDIS_URL is %s, not %s", *address, want)
		s.require(s.DependsOn[redis].Condition != "", "it does not depend on %s", redis)
		s.requireNetwork(redis)
	}
	for name, condition := range conditions {
		got := s.DependsOn[name].Condition
		s.require(got == condition, "it depends on %s with the condition %q, not %q", name, got, condition)
	}
}

// roleOf returns what the role of a program in Postgres is for.
func roleOf(program string) grants.Role {
	switch program {
	case migrate:
		return grants.Owner
	case "api":
		return grants.API
	}
	return grants.Worker
}

func (s service) requireNetwork(with string) {
	for network := range s.Networks {
		if _, both := s.checker.project.Services[with].Networks[network]; both {
			return
		}
	}
	s.require(false, "it has no network with %s in common", with)
}

// checkConfiguration requires that the container fits the configuration that the program reads from
// its variables.
func (s service) checkConfiguration(c programs.Configuration) {
	duration := func(variable string) time.Duration {
		value, _ := c.Value(variable)
		d, _ := time.ParseDuration(value) // the program has validated it
		return d
	}
	for name := range s.Environment {
		_, found := c.Value(name)
		s.require(found, "it does not read %s", name)
	}
	if s.Name == collections {
		return // a command listens at no port, and SIGTERM ends it at once
	}
	s.checkPorts(c)
	s.requireGrace(duration("LONGSHORE_DRAIN_DELAY") + duration("LONGSHORE_SHUTDOWN_GRACE") + queue.CleanupGrace)
	if check := s.HealthCheck; check != nil && !check.Disable && check.StartPeriod != nil {
		s.require(slices.Equal(check.Test, []string{"CMD", "/longshore", "healthcheck"}), "its health check is %q, not /longshore healthcheck", check.Test)
		wait := duration("LONGSHORE_DB_WAIT")
		s.require(time.Duration(*check.StartPeriod) >= wait, "its start_period is shorter than LONGSHORE_DB_WAIT (%s)", wait)
	}
	connections, _ := c.Value("LONGSHORE_DB_MAX_CONNS")
	each, _ := strconv.Atoi(connections) // 0 for a program without Postgres
	s.checker.connections += each * s.GetScale()
}

// checkPorts requires that a listener for clients is published, and that the admin listener is only
// exposed to the networks of the containers.
func (s service) checkPorts(c programs.Configuration) {
	var published, listening []string
	for _, port := range s.Ports {
		published = append(published, strconv.FormatUint(uint64(port.Target), 10))
	}
	for _, variable := range c.Variables {
		if !strings.HasSuffix(variable.Name, "_ADDR") {
			continue
		}
		host, port, err := net.SplitHostPort(variable.Value)
		s.require(err == nil && host == "" && port != "0", "%s is %s, not a port on all addresses such as :8080", variable.Name, variable.Value)
		if variable.Name == "LONGSHORE_ADMIN_ADDR" {
			s.require(slices.Contains(s.Expose, port), "it does not expose port %s (%s)", port, variable.Name)
		} else {
			listening = append(listening, port)
		}
	}
	slices.Sort(published)
	slices.Sort(listening)
	s.require(slices.Equal(published, listening), "it publishes the ports %v, and listens for clients on %v", published, listening)
}
