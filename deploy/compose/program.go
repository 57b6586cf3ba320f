package compose

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// What is in every image of ours, whether deploy/docker/Dockerfile or deploy/image made it.
const (
	dockerfile = "deploy/docker/Dockerfile"
	binary     = "/longshore"
	nobody     = "65532:65532"
)

// version is the tag that `make image` gives.
const version = "dev"

// image wants the image that the program is put into.
func image(_ plan, p program) []string {
	var problems []string
	if want := "longshore/" + p.is.Name + ":" + version; p.Image != want {
		problems = append(problems, fmt.Sprintf("the image is %s, not %s", p.Image, want))
	}
	if p.PullPolicy != "never" {
		problems = append(problems, fmt.Sprintf("pull_policy is %q, not never: no registry has our images", p.PullPolicy))
	}
	if p.User != nobody {
		problems = append(problems, fmt.Sprintf("the user is %q, not %s", p.User, nobody))
	}
	return problems
}

// build wants the same image from the same program when compose builds it.
func build(s plan, p program) []string {
	if p.Build == nil {
		return []string{"there is nothing to build it from"}
	}
	var problems []string
	file := filepath.Join(p.Build.Context, p.Build.Dockerfile)
	if want := filepath.Join(s.project.WorkingDir, dockerfile); file != want {
		problems = append(problems, fmt.Sprintf("it is built by %s, not %s", file, want))
	}
	if _, err := os.Stat(file); err != nil {
		problems = append(problems, err.Error())
	}
	_, tag, _ := strings.Cut(p.Image, ":")
	if got, want := p.Build.Args.ToMapping(), (types.Mapping{"SERVICE": p.is.Name, "VERSION": tag}); !maps.Equal(got, want) {
		problems = append(problems, fmt.Sprintf("it is built with %v, not %v", got, want))
	}
	return problems
}

// command wants none: without arguments a program runs as a service, with any it does something else and ends.
func command(_ plan, p program) []string {
	if words := slices.Concat(p.Entrypoint, p.Command); len(words) > 0 {
		return []string{fmt.Sprintf("it runs %q, and runs as a service only without arguments", strings.Join(words, " "))}
	}
	return nil
}

// copies wants as many of a service as the laptop's stack has.
func copies(_ plan, p program) []string {
	if want := max(p.is.Copies, 1); p.GetScale() != want {
		return []string{fmt.Sprintf("there are %d of it, not %d", p.GetScale(), want)}
	}
	if p.ContainerName != "" {
		return []string{"container_name keeps it from being scaled"}
	}
	return nil
}

// variables wants the program to read every variable that it is given.
func variables(_ plan, p program) []string {
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(p.Environment)) {
		if _, read := p.settings.Value(name); !read {
			problems = append(problems, "it does not read "+name)
		}
	}
	return problems
}
