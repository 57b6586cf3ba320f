package chaos_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/audit"
	"github.com/longshore-io/longshore/e2e/stack"
)

// services are the services under test. Each runs as two processes with fault proxies of their own.
var services = []string{"api", "importer", "searcher", "reporter", "janitor"}

// TestFaults applies faults until the time of the flag -duration is over, or each fault as often as
// the flag -singles says.
func TestFaults(t *testing.T) {
	c := newChaos(t)
	if *singlesFlag > 0 {
		for repeat := range *singlesFlag {
			for i, f := range c.faults {
				c.round(f.name, *seedFlag+uint64(repeat*len(c.faults)+i), []*fault{f})
			}
		}
	} else {
		for seed, end := *seedFlag, time.Now().Add(*durationFlag); time.Now().Before(end); seed++ {
			random := newRandom(seed)
			c.round("mixture", seed, c.mixture(random))
		}
	}
	c.checkLeaks()
	c.report()
}

// chaos is the system under test with the model of what its clients have sent.
type chaos struct {
	t      *testing.T
	s      *stack.Stack
	faults []*fault
	model  *model
	client *caller
	// checked is the number of the last operation that was compared with the model.
	checked int64
	// results contains one entry for each round.
	results []result
}

func newChaos(t *testing.T) *chaos {
	t.Helper()
	s := stack.Start(t, stack.Options{
		APIs: 2, Importers: 2, Searchers: 2, Reporters: 2, Proxied: services,
		// The wait lets a process start while Postgres is away, as an orchestrator does by starting
		// it again.
		Env: []string{"LONGSHORE_CHUNK_RECORDS=200", "LONGSHORE_DB_WAIT=5m"},
	})
	s.Add("janitor")
	m := newModel()
	c := &chaos{t: t, s: s, model: m, faults: selectFaults(t), client: newCaller(t, s, m)}
	t.Cleanup(c.client.close)
	c.client.importFixed(t.Context())
	return c
}

func selectFaults(t *testing.T) []*fault {
	t.Helper()
	all := slices.Concat(processFaults(), postgresFaults(), connectionFaults(), redisFaults())
	if *faultsFlag == "" {
		return all
	}
	names := strings.Split(*faultsFlag, ",")
	selected := slices.DeleteFunc(all, func(f *fault) bool { return !slices.Contains(names, f.name) })
	if len(selected) != len(names) {
		t.Fatalf("-faults=%s: %d of the names are known", *faultsFlag, len(selected))
	}
	return selected
}

func newRandom(seed uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, 0))
}

// mixture selects two to four different faults.
func (c *chaos) mixture(random *rand.Rand) []*fault {
	n := min(2+random.IntN(3), len(c.faults))
	selected := make([]*fault, 0, n)
	for _, i := range random.Perm(len(c.faults))[:n] {
		selected = append(selected, c.faults[i])
	}
	return selected
}

// round runs clients while the faults come and go, and compares the tables with the model
// afterwards.
func (c *chaos) round(name string, seed uint64, faults []*fault) {
	c.t.Helper()
	names := make([]string, len(faults))
	for i, f := range faults {
		names[i] = f.name
	}
	start := time.Now()
	c.client.begin(fmt.Sprintf("seed %d, %s", seed, strings.Join(names, " + ")))
	l := startLoad(c.t.Context(), c.client, seed)
	lifted := c.apply(l, newRandom(seed), faults)
	l.stop(c.t)
	c.settle()
	r := result{name: name, hit: make(map[string][]time.Duration)}
	c.checkModel(&r)
	audit.Check(c.t, c.s.DB())
	c.measure(&r, lifted)
	c.results = append(c.results, r)
	c.t.Logf("round %d of %s, seed %d: %s: %s: %s", len(c.results), time.Since(start).Round(time.Second), seed, strings.Join(names, " + "), r, c.client.statuses())
}
