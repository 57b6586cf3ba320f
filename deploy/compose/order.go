package compose

import (
	"fmt"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"
)

// The names of the steps that others wait for.
const (
	migrate  = "migrate"
	postgres = "postgres"
	redis    = "redis"
)

// upgrade is the order in which programs are replaced (README, "The services"): each comes after those of all steps before. The console has no
// place in it: it stands on nothing but the queue.
var upgrade = [][]string{{migrate}, {"janitor"}, {"importer", "searcher", "reporter"}, {"api"}}

// endsByItself says that somebody waits for a service to have ended.
func (p plan) endsByItself(name string) bool {
	for _, service := range p.project.Services {
		if service.DependsOn[name].Condition == types.ServiceConditionCompletedSuccessfully {
			return true
		}
	}
	return false
}

// order wants a program to come after what it stands on.
func order(s plan, p program) []string {
	var problems []string
	waits := func(name, condition string) {
		if got := p.DependsOn[name].Condition; got != condition {
			problems = append(problems, fmt.Sprintf("it depends on %s with the condition %q, not %q", name, got, condition))
		}
	}
	if _, uses := p.Environment[databaseURL]; uses {
		waits(postgres, types.ServiceConditionHealthy)
		if p.is.Name != migrate {
			waits(migrate, types.ServiceConditionCompletedSuccessfully)
		}
		problems = append(problems, s.comesAfter(p.is.Name)...)
	}
	if _, uses := p.Environment[redisURL]; uses && p.DependsOn[redis].Condition == "" {
		problems = append(problems, "it does not depend on "+redis)
	}
	return problems
}

// comesAfter wants a program to come after all those of the steps before its own.
func (p plan) comesAfter(name string) []string {
	step := slices.IndexFunc(upgrade, func(together []string) bool { return slices.Contains(together, name) })
	if step < 0 {
		return []string{"it has no place in the order of an upgrade"}
	}
	var problems []string
	for _, before := range slices.Concat(upgrade[:step]...) {
		if !p.dependsOn(name, before) {
			problems = append(problems, "an upgrade may replace it before "+before)
		}
	}
	return problems
}

// dependsOn says whether a service waits for another, be it by way of others. Compose refuses circles.
func (p plan) dependsOn(name, other string) bool {
	for next := range p.project.Services[name].DependsOn {
		if next == other || p.dependsOn(next, other) {
			return true
		}
	}
	return false
}
