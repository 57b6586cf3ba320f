package chaos_test

import (
	"math/rand/v2"
	"regexp"
	"time"

	"github.com/longshore-io/longshore/pkg/pgproxy"
)

// silentConnections is the fault whose recovery the report shows for each kind of work.
const silentConnections = "connections to Postgres silent"

// silence is how long the round of a silent connection lasts before new work stops: longer than
// work may take to go on.
const silence = 16 * time.Second

// sqlStates are errors of Postgres under trouble: a serialization failure, a deadlock, no disk
// space, no memory, no connection, a read-only server, a lock or statement that took too long, an
// input error of the disk. Those of class 57P end the session.
var sqlStates = []string{"40001", "40P01", "53100", "53200", "53300", "25006", "55P03", "57014", "58030", "57P01", "57P02", "57P03"}

// connectionFaults hit the connections between the services and Postgres.
func connectionFaults() []*fault {
	every := func(apply func(*pgproxy.Postgres)) func(*chaos, *rand.Rand) func() {
		return func(c *chaos, _ *rand.Rand) func() {
			c.eachProxy(apply)
			return func() { c.eachProxy((*pgproxy.Postgres).Restore) }
		}
	}
	inject := func(f pgproxy.Fault) func(*chaos, *rand.Rand) func() {
		return every(func(p *pgproxy.Postgres) { p.Inject(f) })
	}
	all := []*fault{
		{name: silentConnections, lasts: silence, survivable: true, begin: func(c *chaos, _ *rand.Rand) func() {
			c.eachProxy(func(p *pgproxy.Postgres) { p.Silence() })
			return func() { c.eachProxy(func(p *pgproxy.Postgres) { p.Reset() }) } // never answered, so that no late answer helps
		}},
		{name: "network to Postgres silent", lasts: outage, begin: every(func(p *pgproxy.Postgres) { p.SilenceAll() })},
		{name: "connections to Postgres reset", survivable: true, begin: every(func(p *pgproxy.Postgres) { p.Reset() })},
		{name: "connections to Postgres refused (53300)", lasts: outage, begin: every(func(p *pgproxy.Postgres) { p.Refuse("53300"); p.Reset() })},
		{name: "connections to Postgres refused (57P03)", lasts: outage, begin: every(func(p *pgproxy.Postgres) { p.Refuse("57P03"); p.Reset() })},
		{name: "statements slow (30 ms each)", lasts: outage, begin: inject(pgproxy.Fault{Action: pgproxy.Delay, Delay: 30 * time.Millisecond})},
		{name: "statements reset", lasts: outage, begin: inject(pgproxy.Fault{Action: pgproxy.Reset, Chance: 0.05})},
		{name: "answers reset", lasts: outage, begin: inject(pgproxy.Fault{Moment: pgproxy.BeforeAnswer, Action: pgproxy.Reset, Chance: 0.05})},
		{name: "answers silent", lasts: silence, survivable: true, begin: silent(pgproxy.Fault{Moment: pgproxy.BeforeAnswer, Action: pgproxy.Silence, Chance: 0.05, Times: 3})},
		{name: "COMMIT lost before Postgres", lasts: outage, begin: inject(commit(pgproxy.BeforeStatement, pgproxy.Reset))},
		{name: "answer to COMMIT lost", lasts: outage, begin: inject(commit(pgproxy.BeforeAnswer, pgproxy.Reset))},
		{name: "answer to COMMIT silent", lasts: silence, survivable: true, begin: silent(commit(pgproxy.BeforeAnswer, pgproxy.Silence))},
		{name: "session ends after COMMIT", lasts: outage, begin: endAfterCommit},
	}
	for _, state := range sqlStates {
		f := pgproxy.Fault{Action: pgproxy.Fail, SQLState: state, Fatal: state[:3] == "57P", Chance: 0.05, Statement: notRollback}
		all = append(all, &fault{name: "error " + state, lasts: outage, begin: inject(f)})
	}
	return all
}

// notRollback matches all statements but ROLLBACK, which does not fail in a real server.
var notRollback = regexp.MustCompile(`(?i)^\s*[^r\s]|^\s*r[^o]`)

// silent applies a fault that makes connections silent for a second. They stay silent afterwards, and
// are reset when the fault ends.
func silent(f pgproxy.Fault) func(*chaos, *rand.Rand) func() {
	return func(c *chaos, _ *rand.Rand) func() {
		var injected []*pgproxy.Injected
		c.eachProxy(func(p *pgproxy.Postgres) { injected = append(injected, p.Inject(f)) })
		c.pause(c.t.Context(), time.Second)
		for _, i := range injected {
			i.Remove()
		}
		return func() { c.eachProxy(func(p *pgproxy.Postgres) { p.Reset() }) }
	}
}

func commit(moment pgproxy.Moment, action pgproxy.Action) pgproxy.Fault {
	return pgproxy.Fault{Statement: pgproxy.Commit, Moment: moment, Action: action, Chance: 0.3, Times: 20}
}

// endAfterCommit lets the answer to COMMIT through, and ends all connections of the process just
// after it.
func endAfterCommit(c *chaos, _ *rand.Rand) func() {
	var injected []*pgproxy.Injected
	proxies := make(map[*pgproxy.Injected]*pgproxy.Postgres)
	c.eachProxy(func(p *pgproxy.Postgres) {
		i := p.Inject(pgproxy.Fault{Statement: pgproxy.Commit, Moment: pgproxy.BeforeAnswer, Action: pgproxy.Delay, Delay: time.Millisecond})
		injected, proxies[i] = append(injected, i), p
	})
	hits := make(map[*pgproxy.Injected]int)
	end := c.repeat(5*time.Millisecond, func(random *rand.Rand) {
		for _, i := range injected {
			if now := i.Hits(); now > hits[i] {
				hits[i] = now
				if random.IntN(4) == 0 {
					proxies[i].Reset()
				}
			}
		}
	})
	return func() {
		end()
		for _, i := range injected {
			i.Remove()
		}
	}
}

func (c *chaos) eachProxy(apply func(*pgproxy.Postgres)) {
	c.each(func(service string, n int) { apply(c.s.Postgres(service, n)) })
}
