package compose

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/go-units"
)

// server wants a service that is not ours to be a server that we know, with its data on a volume that outlives its container.
func server(p plan, c types.ServiceConfig) []string {
	name, release, _ := strings.Cut(c.Image, ":")
	switch name {
	case postgres:
		return append(graceOf(c, postgresGrace), p.postgres(c, release)...)
	case redis:
		return append(graceOf(c, redisGrace), redisRules(c)...)
	default:
		return []string{fmt.Sprintf("nobody knows the image %s", c.Image)}
	}
}

const (
	// postgresGrace is for the checkpoint of a stop, which writes max_wal_size of changes at worst.
	postgresGrace = time.Minute
	// redisGrace is for a file to be written.
	redisGrace = 10 * time.Second
)

// volumeOf wants the folder on a named volume.
func volumeOf(c types.ServiceConfig, folder string) []string {
	for _, mount := range c.Volumes {
		if mount.Type == types.VolumeTypeVolume && mount.Source != "" && mount.Target == folder && !mount.ReadOnly {
			return nil
		}
	}
	return []string{fmt.Sprintf("its data (%s) are not on a named volume", folder)}
}

// postgresFolder is the volume of the image: it moved with release 18.
func postgresFolder(release string) string {
	major, _, _ := strings.Cut(release, ".")
	if number, err := strconv.Atoi(major); err == nil && number >= 18 {
		return "/var/lib/postgresql"
	}
	return "/var/lib/postgresql/data"
}

// reserved are connections for superusers (3 by Postgres' default), for the migration, for backups and for people.
const reserved = 10

func (p plan) postgres(c types.ServiceConfig, release string) []string {
	problems := volumeOf(c, postgresFolder(release))
	settings := make(map[string]string) // -c name=value
	for _, word := range c.Command {
		if name, value, is := strings.Cut(word, "="); is {
			settings[name] = value
		}
	}
	wanted := reserved
	for _, one := range p.programs {
		value, _ := one.settings.Value("LONGSHORE_DB_MAX_CONNS")
		each, _ := strconv.Atoi(value) // zero for a program that does not read it
		wanted += each * one.GetScale()
	}
	if most, err := strconv.Atoi(settings["max_connections"]); err != nil || most < wanted {
		problems = append(problems, fmt.Sprintf("max_connections is %q, and %d are needed", settings["max_connections"], wanted))
	}
	return append(problems, fitsIn(c, settings, "shared_buffers")...)
}

// redisRules wants a Redis that keeps its data over a restart, and refuses new ones when it is full: an evicted entry would be a lost one.
func redisRules(c types.ServiceConfig) []string {
	problems := volumeOf(c, "/data")
	settings := make(map[string]string) // --name value
	for i := 1; i+1 < len(c.Command); i += 2 {
		settings[strings.TrimPrefix(c.Command[i], "--")] = c.Command[i+1]
	}
	for name, want := range map[string]string{"appendonly": "yes", "maxmemory-policy": "noeviction"} {
		if settings[name] != want {
			problems = append(problems, fmt.Sprintf("%s is %q, not %q", name, settings[name], want))
		}
	}
	return append(problems, fitsIn(c, settings, "maxmemory")...)
}

// fitsIn wants a setting to take half of the container's memory at most.
func fitsIn(c types.ServiceConfig, settings map[string]string, name string) []string {
	size, err := units.RAMInBytes(settings[name])
	if err != nil {
		return []string{fmt.Sprintf("%s is %q, which is no size", name, settings[name])}
	}
	if c.Deploy != nil && c.Deploy.Resources.Limits != nil && 2*size > int64(c.Deploy.Resources.Limits.MemoryBytes) {
		return []string{fmt.Sprintf("%s is more than half of its memory", name)}
	}
	return nil
}
