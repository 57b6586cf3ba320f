package chaos_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
)

const (
	// loadBefore is how long clients run before the first fault.
	loadBefore = 1500 * time.Millisecond
	// loadAfter is how long clients begin new work after the last fault.
	loadAfter = 2 * time.Second
	// burstBefore is how long before the first fault the burst of work begins: the time of a small
	// upload.
	burstBefore = 60 * time.Millisecond
	// overlap is the maximum time between the beginnings of two faults of a mixture.
	overlap = 3 * time.Second
)

// fault is a disturbance of the system under test.
type fault struct {
	name string
	// begin applies the fault, and returns the function that removes it. Both run in the test's
	// goroutine.
	begin func(*chaos, *rand.Rand) (end func())
	// lasts is how long the fault lasts.
	lasts time.Duration
	// survivable means that work can go on while the fault lasts, because others do it: then the
	// time until work goes on is measured from the fault's beginning, otherwise from its end.
	survivable bool
}

// event is the beginning or the end of a fault in the schedule of a round.
type event struct {
	at time.Duration
	do func()
}

// apply applies the faults one after another, so that they overlap. It returns the time from which
// the recovery is measured.
func (c *chaos) apply(l *load, random *rand.Rand, faults []*fault) (lifted time.Time) {
	c.t.Helper()
	ctx := c.t.Context()
	c.pause(ctx, loadBefore)
	l.burst(ctx)
	c.pause(ctx, burstBefore)
	start := time.Now()
	var events []event
	at := time.Duration(0)
	for _, f := range faults {
		var end func()
		events = append(events,
			event{at, func() { c.log("begin", f, start); end = f.begin(c, random) }},
			event{at + f.lasts, func() { c.log("end", f, start); end() }})
		at += time.Duration(random.Int64N(int64(overlap)))
	}
	slices.SortStableFunc(events, func(a, b event) int { return int(a.at - b.at) })
	for _, e := range events {
		c.pause(ctx, time.Until(start.Add(e.at)))
		e.do()
	}
	lifted = time.Now()
	if len(faults) == 1 && faults[0].survivable {
		lifted = start
	}
	c.pause(ctx, loadAfter)
	return lifted
}

func (c *chaos) log(what string, f *fault, start time.Time) {
	if *singlesFlag == 0 {
		c.t.Logf("  %6.1f s %s %s", time.Since(start).Seconds(), what, f.name)
	}
}

// pause waits while clients work.
func (c *chaos) pause(ctx context.Context, duration time.Duration) {
	c.t.Helper()
	if duration <= 0 {
		return
	}
	if err := await.Sleep(ctx, duration); err != nil {
		c.t.Fatal(err)
	}
}

// each calls do for every process of the services.
func (c *chaos) each(do func(service string, n int)) {
	for _, service := range services {
		for n := range c.s.Count(service) {
			do(service, n)
		}
	}
}

// nothing is the end of a fault that ends by itself.
func nothing() {}
