package chaos_test

import (
	"math/rand/v2"
	"time"
)

const (
	// absence is how long a killed process is away: longer than a restart by an orchestrator.
	absence = 4 * time.Second
	// freeze is how long a frozen process is suspended: longer than its locks last
	// (LONGSHORE_FROZEN_AFTER, 10 s) and are noticed.
	freeze = 16 * time.Second
)

// processFaults kill, freeze, stop and replace the processes of each service.
func processFaults() []*fault {
	all := []*fault{{name: "none", survivable: true, begin: func(*chaos, *rand.Rand) func() { return nothing }}}
	for _, service := range services {
		all = append(all,
			&fault{name: "kill -9 of one " + service, lasts: absence, survivable: true, begin: killOne(service)},
			&fault{name: "SIGSTOP of one " + service, lasts: freeze, survivable: true, begin: freezeOne(service)},
			&fault{name: "SIGTERM and start of one " + service, survivable: true, begin: stopOne(service)},
			&fault{name: "kill -9 of every " + service, lasts: absence, begin: killAll(service)},
			&fault{name: "rolling restart of " + service, survivable: true, begin: roll(service)},
		)
	}
	return append(all, &fault{name: "kill -9 of every process", lasts: absence, begin: func(c *chaos, _ *rand.Rand) func() {
		c.each(c.s.Kill)
		return func() { c.each(c.s.Revive) }
	}})
}

func killOne(service string) func(*chaos, *rand.Rand) func() {
	return func(c *chaos, random *rand.Rand) func() {
		n := random.IntN(c.s.Count(service))
		c.s.Kill(service, n)
		return func() { c.s.Revive(service, n) }
	}
}

func freezeOne(service string) func(*chaos, *rand.Rand) func() {
	return func(c *chaos, random *rand.Rand) func() {
		n := random.IntN(c.s.Count(service))
		c.s.Freeze(service, n)
		return func() { c.s.Thaw(service, n) }
	}
}

func stopOne(service string) func(*chaos, *rand.Rand) func() {
	return func(c *chaos, random *rand.Rand) func() {
		n := random.IntN(c.s.Count(service))
		c.s.Stop(service, n)
		c.s.Revive(service, n)
		return nothing
	}
}

func killAll(service string) func(*chaos, *rand.Rand) func() {
	return func(c *chaos, _ *rand.Rand) func() {
		for n := range c.s.Count(service) {
			c.s.Kill(service, n)
		}
		return func() {
			for n := range c.s.Count(service) {
				c.s.Revive(service, n)
			}
		}
	}
}

// roll replaces the processes one by one, each by a new one that must first be ready.
func roll(service string) func(*chaos, *rand.Rand) func() {
	return func(c *chaos, _ *rand.Rand) func() {
		for n := range c.s.Count(service) {
			c.s.Stop(service, n)
			c.s.Revive(service, n)
			c.awaitReady(service, n)
		}
		return nothing
	}
}
