package bundle

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/longshore-io/longshore/deploy/local/programs"
)

const dockerfile = "../../../docker/Dockerfile"

// TestTheDockerfileMakesTheSameImages reads it as a Docker engine does.
func TestTheDockerfileMakesTheSameImages(t *testing.T) {
	t.Parallel()
	for _, problem := range different(t, read(t)) {
		t.Error(problem)
	}
}

// TestABrokenDockerfileIsRefused breaks it in each way that matters.
func TestABrokenDockerfileIsRefused(t *testing.T) {
	t.Parallel()
	for _, broken := range []struct{ was, is, problem string }{
		{"# syntax=docker/dockerfile:1\n", "# Images.\n# syntax=docker/dockerfile:1\n", "syntax"},
		{"FROM scratch", "FROM debian", "scratch"},
		{"USER 65532:65532\n", "", "runs as"},
		{"USER 65532:65532", "USER root", "runs as"},
		{`["/longshore"]`, `["/longshore", "serve"]`, "starts"},
		{`["/longshore"]`, `/longshore`, "JSON"},
		{"COPY --from=build /out/longshore /longshore", "COPY --from=build /out/longshore /", "copies"},
		{"-trimpath ", "", "-trimpath"},
		{"-s -w -buildid=", "-s -w", "-ldflags"},
		{"CGO_ENABLED=0 ", "", "CGO_ENABLED=0"},
		{"./migrations/cmd/migrate", "./migrations", "./migrations/cmd/migrate"},
		{"GO_VERSION=1.26", "GO_VERSION=1.25", "Go 1.25"},
		{"ENTRYPOINT", "ENTRYPONT", "ENTRYPONT"},
		{" AS build", " as build", "casing"},
	} {
		content := read(t)
		changed := bytes.Replace(content, []byte(broken.was), []byte(broken.is), 1)
		if bytes.Equal(content, changed) {
			t.Errorf("%q is not in the Dockerfile", broken.was)
			continue
		}
		problems := strings.Join(different(t, changed), "\n")
		if !strings.Contains(problems, broken.problem) {
			t.Errorf("with %q the problems are %q, which do not tell of %s", broken.is, problems, broken.problem)
		}
	}
}

func read(t *testing.T) []byte {
	t.Helper()
	content, err := os.ReadFile(dockerfile)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// different finds what keeps a Dockerfile from making the images that this package makes.
func different(t *testing.T, content []byte) (problems []string) {
	t.Helper()
	parsed, err := parser.Parse(bytes.NewReader(content))
	if err != nil {
		return []string{err.Error()}
	}
	for _, warning := range parsed.Warnings {
		problems = append(problems, warning.Short)
	}
	lint := linter.New(&linter.Config{Warn: func(_, _, _, message string, _ []parser.Range) { problems = append(problems, message) }})
	stages, args, err := instructions.Parse(parsed.AST, lint)
	if err != nil {
		return append(problems, err.Error())
	}
	if syntax, _, _, found := parser.DetectSyntax(content); !found || syntax != "docker/dockerfile:1" {
		problems = append(problems, "the syntax is not told, because its line is not the first")
	}
	if len(stages) != 2 {
		return append(problems, "there are not two stages")
	}
	problems = append(problems, differentImage(stages[1])...)
	problems = append(problems, differentBuild(stages[0])...)
	return append(problems, differentGo(t, args)...)
}

// differentImage wants the image's configuration.
func differentImage(stage instructions.Stage) (problems []string) {
	if stage.BaseName != "scratch" {
		problems = append(problems, "the image begins with "+stage.BaseName+", not with scratch")
	}
	user := ""
	for _, command := range stage.Commands {
		switch c := command.(type) {
		case *instructions.UserCommand:
			user = c.User
		case *instructions.EntrypointCommand:
			if c.PrependShell {
				problems = append(problems, "the entrypoint is no JSON, so it needs a shell")
			}
			if !slices.Equal(c.CmdLine, []string{"/" + program}) {
				problems = append(problems, "it starts "+strings.Join(c.CmdLine, " "))
			}
		case *instructions.CopyCommand:
			if c.DestPath != "/"+program {
				problems = append(problems, "it copies the program to "+c.DestPath)
			}
		default:
			problems = append(problems, "nothing is known of "+command.Name())
		}
	}
	if user != nobody {
		problems = append(problems, "it runs as "+user)
	}
	return problems
}

// differentBuild wants the flags of the build, and the source of every program.
func differentBuild(stage instructions.Stage) (problems []string) {
	var script string
	for _, command := range stage.Commands {
		if run, ok := command.(*instructions.RunCommand); ok {
			script += strings.Join(run.CmdLine, " ")
		}
	}
	wanted := []string{"CGO_ENABLED=0 ", "go build "}
	for _, flag := range flagsOf("$VERSION") {
		if name, value, ok := strings.Cut(flag, "="); ok && strings.Contains(value, " ") {
			flag = name + `="` + value + `"`
		}
		wanted = append(wanted, flag)
	}
	for _, program := range programs.Programs() {
		source := "./services/$SERVICE "
		if program.Source != "./services/"+program.Name {
			source = program.Name + ") source=" + program.Source + " "
		}
		wanted = append(wanted, source)
	}
	for _, part := range wanted {
		if !strings.Contains(script, part) {
			problems = append(problems, "the build lacks "+part)
		}
	}
	return problems
}

// differentGo wants the Go of the workspace.
func differentGo(t *testing.T, args []instructions.ArgCommand) []string {
	t.Helper()
	workspace, err := os.ReadFile("../../../../go.work")
	if err != nil {
		t.Fatal(err)
	}
	for _, arg := range args {
		for _, pair := range arg.Args {
			if pair.Key == "GO_VERSION" && strings.Contains(string(workspace), "go "+pair.ValueString()+".") {
				return nil
			}
			if pair.Key == "GO_VERSION" {
				return []string{"it is built with Go " + pair.ValueString() + ", the workspace wants another"}
			}
		}
	}
	return []string{"it does not tell the version of Go"}
}
