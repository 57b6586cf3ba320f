package compose

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/longshore-io/longshore/deploy/local/programs"
)

// The services that others depend on.
const (
	migrate     = "migrate"
	collections = "collections"
	postgres    = "postgres"
	redis       = "redis"
)

// jobs are the services that run once and exit.
var jobs = []string{migrate, collections}

// checker collects the problems of a project.
type checker struct {
	project *types.Project
	// connections is the number of connections to Postgres that all programs may open.
	connections int
	problems    []string
}

// service is one service of the project.
type service struct {
	types.ServiceConfig

	checker *checker
}

// require reports a problem unless the condition is met.
func (s service) require(ok bool, format string, args ...any) {
	if !ok {
		s.checker.problems = append(s.checker.problems, s.Name+": "+fmt.Sprintf(format, args...))
	}
}

// Check compares the project with the programs in the folder (see programs.Build). Every problem
// begins with the name of its service.
func Check(ctx context.Context, project *types.Project, folder string) []string {
	c := &checker{project: project, connections: reserved}
	copies := map[string]int{collections: 1} // by service; the others run a program of their name
	for _, known := range programs.Programs() {
		copies[known.Name] = max(known.Copies, 1)
	}
	for _, name := range slices.Sorted(maps.Keys(copies)) {
		if config, found := project.Services[name]; found {
			service{config, c}.checkProgram(ctx, copies[name], folder)
		} else {
			c.problems = append(c.problems, name+": it is not in the file")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(project.Services)) {
		s := service{project.Services[name], c}
		s.checkContainer()
		if copies[name] == 0 {
			s.checkServer()
		}
	}
	return c.problems
}

// maxCores is the number of cores that the virtual machine of Docker Desktop has at least. Docker
// rejects a higher limit than the machine has.
const maxCores = 2

// checkContainer requires of every container that it is restricted, limited and restarted.
func (s service) checkContainer() {
	user, _, _ := strings.Cut(s.User, ":")
	s.require(s.ReadOnly, "its root file system is writable (read_only)")
	s.require(slices.Equal(s.CapDrop, []string{"ALL"}) && len(s.CapAdd) == 0 && !s.Privileged, "it has capabilities of root (cap_drop: [ALL])")
	s.require(slices.Contains(s.SecurityOpt, "no-new-privileges:true"), "it may gain privileges (security_opt: no-new-privileges:true)")
	s.require(user != "" && user != "root" && user != "0", "it runs as root (user)")
	s.require(slices.ContainsFunc(s.Tmpfs, func(mount string) bool { return strings.HasPrefix(mount, "/tmp:size=") }), "its /tmp has no maximum size (tmpfs)")
	s.require(s.Logging != nil && s.Logging.Driver == "local", "its log may fill the disk (logging: driver local)")
	for _, port := range s.Ports {
		s.require(port.HostIP == "127.0.0.1", "port %d is published on %q, not 127.0.0.1", port.Target, port.HostIP)
	}
	memory, cores := s.limits()
	s.require(memory > 0, "its memory has no limit")
	s.require(cores > 0 && cores <= maxCores, "its limit of %v cores is not from 0 to %d", cores, maxCores)
	restart := "unless-stopped" // after a crash and after a reboot
	if slices.Contains(jobs, s.Name) {
		restart = "no"
	} else {
		s.checkHealthCheck()
	}
	s.require(s.Restart == restart, "restart is %q, not %q", s.Restart, restart)
}

// limits returns the limits of memory, in bytes, and of CPU; 0 means none.
func (s service) limits() (memory int64, cores float32) {
	if s.Deploy == nil || s.Deploy.Resources.Limits == nil {
		return 0, 0
	}
	return int64(s.Deploy.Resources.Limits.MemoryBytes), s.Deploy.Resources.Limits.NanoCPUs.Value()
}

// minTimeout of a health check: `PROGRAM healthcheck` ends within 3 s by itself, and prints why.
const minTimeout = 5 * time.Second

func (s service) checkHealthCheck() {
	check := s.HealthCheck
	if check == nil || check.Disable || len(check.Test) == 0 || check.Test[0] == "NONE" {
		s.require(false, "it has no health check")
		return
	}
	s.require(check.Test[0] == "CMD", "its health check needs a shell (CMD, not CMD-SHELL)")
	s.require(check.Timeout != nil && time.Duration(*check.Timeout) >= minTimeout, "the timeout of its health check is less than %s", minTimeout)
	s.require(check.Interval != nil && check.Retries != nil && check.StartPeriod != nil, "its health check has no interval, retries or start_period")
	s.require(check.StartInterval == nil, "Docker before 25 rejects start_interval")
}

// requireGrace requires at least this time between SIGTERM and SIGKILL.
func (s service) requireGrace(minimum time.Duration) {
	s.require(s.StopGracePeriod != nil && time.Duration(*s.StopGracePeriod) >= minimum, "its stop_grace_period is not at least %s", minimum)
}
