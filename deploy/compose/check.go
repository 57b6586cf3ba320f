package compose

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/longshore-io/longshore/deploy/local/programs"
)

// plan is what compose would start.
type plan struct {
	project *types.Project
	// programs are those of ours that are in the file, by name.
	programs map[string]program
}

// program is a service that runs a program of ours.
type program struct {
	types.ServiceConfig

	// is what the code calls it.
	is programs.Service
	// settings are what the program makes of the container's environment.
	settings programs.Configuration
}

// The rules. Each returns what is wrong in words that follow the service's name.
var (
	containerRules = []func(plan, types.ServiceConfig) []string{
		powers, limits, restarts, logs, health, publishedHere,
	}
	programRules = []func(plan, program) []string{
		image, build, command, copies, database, doorbell, order,
	}
	// settingsRules are for programs that take what they are given.
	settingsRules = []func(plan, program) []string{
		variables, listens, grace, asksItself,
	}
)

// Check holds the project against the programs in the folder (see fleet.Build), and returns every problem, each beginning with the name of the
// service that has it.
func Check(ctx context.Context, project *types.Project, folder string) []string {
	p := plan{project: project, programs: make(map[string]program)}
	problems := p.meet(ctx, folder)
	for _, name := range slices.Sorted(maps.Keys(project.Services)) {
		service := project.Services[name]
		problems = append(problems, of(name, hold(containerRules, p, service))...)
		one, ours := p.programs[name]
		switch {
		case !ours:
			problems = append(problems, of(name, server(p, service))...)
		case one.settings.Service != "":
			problems = append(problems, of(name, hold(settingsRules, p, one))...)
			fallthrough
		default:
			problems = append(problems, of(name, hold(programRules, p, one))...)
		}
	}
	return problems
}

// hold returns what the rules find.
func hold[S any](rules []func(plan, S) []string, p plan, service S) (found []string) {
	for _, rule := range rules {
		found = append(found, rule(p, service)...)
	}
	return found
}

// meet finds the programs of the fleet in the file, and asks each for its settings.
func (p plan) meet(ctx context.Context, folder string) (problems []string) {
	for _, known := range programs.Programs() {
		service, found := p.project.Services[known.Name]
		if !found {
			problems = append(problems, known.Name+": it is not in the file")
			continue
		}
		one := program{ServiceConfig: service, is: known}
		environ, unset := environment(service)
		problems = append(problems, of(known.Name, unset)...)
		settings, err := programs.ReadConfiguration(ctx, folder, known.Name, environ)
		if err != nil {
			problems = append(problems, known.Name+": "+err.Error())
		}
		one.settings = settings
		p.programs[known.Name] = one
	}
	return problems
}

// environment lists the container's variables, NAME=value each, and tells those that come from whoever calls compose.
func environment(service types.ServiceConfig) (environ, problems []string) {
	for _, name := range slices.Sorted(maps.Keys(service.Environment)) {
		value := service.Environment[name]
		if value == nil {
			problems = append(problems, fmt.Sprintf("variable %s has no value", name))
			continue
		}
		environ = append(environ, name+"="+*value)
	}
	return environ, problems
}

func of(service string, found []string) []string {
	problems := make([]string, len(found))
	for i, words := range found {
		problems[i] = service + ": " + words
	}
	return problems
}
