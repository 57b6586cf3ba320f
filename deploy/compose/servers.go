package compose

import (
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/go-units"

	"github.com/longshore-io/longshore/migrations/grants"
)

const (
	// postgresGrace is the time for the checkpoint of a shutdown, which writes at most max_wal_size.
	postgresGrace = time.Minute
	// redisGrace is the time to write one file.
	redisGrace = 10 * time.Second
	// reserved connections to Postgres are for superusers (3 by default), the migration, backups and
	// people.
	reserved = 10
)

// checkServer requires that the service is a known server, and keeps its data on a named volume.
func (s service) checkServer() {
	name, release, _ := strings.Cut(s.Image, ":")
	switch name {
	case postgres:
		s.checkPostgres(release)
	case redis:
		s.checkRedis()
	default:
		s.require(false, "the image %s is unknown", s.Image)
	}
}

func (s service) checkPostgres(release string) {
	s.requireGrace(postgresGrace)
	s.checkRoles()
	major, _, _ := strings.Cut(release, ".")
	if number, err := strconv.Atoi(major); err == nil && number >= 18 {
		s.requireVolume("/var/lib/postgresql") // the volume of the image since 18
	} else {
		s.requireVolume("/var/lib/postgresql/data")
	}
	settings := make(map[string]string) // -c name=value
	for _, word := range s.Command {
		if name, value, found := strings.Cut(word, "="); found {
			settings[name] = value
		}
	}
	limit, err := strconv.Atoi(settings["max_connections"])
	s.require(err == nil && limit >= s.checker.connections, "max_connections is %q, and %d are needed", settings["max_connections"], s.checker.connections)
	s.requireHalfOfMemory("shared_buffers", settings["shared_buffers"])
}

// rolesFile creates the roles of the programs.
const rolesFile = "deploy/postgres/roles.sql"

// checkRoles requires that a new volume gets the roles, and that migrate grants them their rights.
func (s service) checkRoles() {
	file := filepath.Join(s.checker.project.WorkingDir, filepath.FromSlash(rolesFile))
	s.require(slices.ContainsFunc(s.Volumes, func(v types.ServiceVolumeConfig) bool {
		return v.Source == file && path.Dir(v.Target) == "/docker-entrypoint-initdb.d" && v.ReadOnly
	}), "it does not run %s", rolesFile)
	user := s.Environment.ToMapping()["POSTGRES_USER"]
	s.require(!strings.HasPrefix(user, "longshore_"), "a program has the administrator's role %s", user)
	granted := s.checker.project.Services[migrate].Environment.ToMapping()
	for _, role := range grants.Roles() {
		want := "longshore_" + string(role)
		s.require(granted[role.Variable()] == want, "migrate grants the rights of the %s to %q, not %s", role, granted[role.Variable()], want)
	}
}

// checkRedis requires that Redis keeps its data across a restart and, when it is full, rejects new
// data: evicted entries would be lost work.
func (s service) checkRedis() {
	s.requireGrace(redisGrace)
	s.requireVolume("/data")
	settings := make(map[string]string) // --name value
	for i := 1; i+1 < len(s.Command); i += 2 {
		settings[strings.TrimPrefix(s.Command[i], "--")] = s.Command[i+1]
	}
	for name, want := range map[string]string{"appendonly": "yes", "maxmemory-policy": "noeviction"} {
		s.require(settings[name] == want, "%s is %q, not %q", name, settings[name], want)
	}
	s.requireHalfOfMemory("maxmemory", settings["maxmemory"])
}

func (s service) requireVolume(folder string) {
	for _, mount := range s.Volumes {
		if mount.Type == types.VolumeTypeVolume && mount.Source != "" && mount.Target == folder && !mount.ReadOnly {
			return
		}
	}
	s.require(false, "its data (%s) are not on a named volume", folder)
}

// requireHalfOfMemory requires that a setting is at most half of the container's memory.
func (s service) requireHalfOfMemory(name, value string) {
	size, err := units.RAMInBytes(value)
	memory, _ := s.limits()
	s.require(err == nil && 2*size <= memory, "%s (%q) is not a size of at most half of its memory", name, value)
}
