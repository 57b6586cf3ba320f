package compose

import (
	"fmt"
	"slices"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/longshore-io/longshore/pkg/queue"
)

// leastTimeout is what a health check must be allowed: `<program> healthcheck` ends within 3 s by itself, and tells why.
const leastTimeout = 5 * time.Second

// health wants a check of everything that goes on running.
func health(p plan, c types.ServiceConfig) []string {
	check := c.HealthCheck
	switch {
	case p.endsByItself(c.Name) && check == nil:
		return nil
	case check == nil || check.Disable || len(check.Test) == 0 || check.Test[0] == "NONE":
		return []string{"it has no health check"}
	}
	var problems []string
	if check.Test[0] != "CMD" {
		problems = append(problems, "its health check needs a shell (CMD, not CMD-SHELL)")
	}
	if check.Timeout == nil || time.Duration(*check.Timeout) < leastTimeout {
		problems = append(problems, fmt.Sprintf("its health check has less than %s", leastTimeout))
	}
	if check.Interval == nil || check.Retries == nil || check.StartPeriod == nil {
		problems = append(problems, "its health check has no interval, retries or start_period")
	}
	if check.StartInterval != nil {
		problems = append(problems, "start_interval keeps Docker before 25 from starting it")
	}
	return problems
}

// asksItself wants the health check that a program of ours has, and time for the program to find Postgres.
func asksItself(_ plan, p program) []string {
	check := p.HealthCheck
	if check == nil {
		return nil
	}
	var problems []string
	if want := []string{"CMD", binary, "healthcheck"}; !slices.Equal(check.Test, want) {
		problems = append(problems, fmt.Sprintf("its health check is %q, not %q", check.Test, want))
	}
	if wait := p.time("LONGSHORE_DB_WAIT"); check.StartPeriod != nil && time.Duration(*check.StartPeriod) < wait {
		problems = append(problems, fmt.Sprintf("its start_period is shorter than LONGSHORE_DB_WAIT (%s)", wait))
	}
	return problems
}

// time is the value of a variable, zero for one that the program does not read.
func (p program) time(variable string) time.Duration {
	value, _ := p.settings.Value(variable)
	length, _ := time.ParseDuration(value) // the program has read it, too
	return length
}

// grace wants Docker to wait for as long as the program may take: to hear out proxies, for its work, and to give back the rest.
func grace(_ plan, p program) []string {
	needs := p.time("LONGSHORE_DRAIN_DELAY") + p.time("LONGSHORE_SHUTDOWN_GRACE") + queue.CleanupGrace
	return graceOf(p.ServiceConfig, needs)
}

func graceOf(c types.ServiceConfig, least time.Duration) []string {
	if c.StopGracePeriod == nil || time.Duration(*c.StopGracePeriod) < least {
		return []string{fmt.Sprintf("its stop_grace_period is not at least %s", least)}
	}
	return nil
}
