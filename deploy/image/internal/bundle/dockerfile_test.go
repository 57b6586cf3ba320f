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

// TestDockerfile parses the Dockerfile with the parser of BuildKit and compares it with this package.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	for _, problem := range checkDockerfile(t, readDockerfile(t)) {
		t.Error(problem)
	}
}

// TestCheckDockerfile changes the Dockerfile and expects each change to be found.
func TestCheckDockerfile(t *testing.T) {
	t.Parallel()
	for _, change := range []struct{ old, new, problem string }{
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
		content := readDockerfile(t)
		changed := bytes.Replace(content, []byte(change.old), []byte(change.new), 1)
		if bytes.Equal(content, changed) {
			t.Errorf("the Dockerfile does not contain %q", change.old)
			continue
		}
		problems := strings.Join(checkDockerfile(t, changed), "\n")
		if !strings.Contains(problems, change.problem) {
			t.Errorf("problems with %q = %q, want one that contains %q", change.new, problems, change.problem)
		}
	}
}

func readDockerfile(t *testing.T) []byte {
	t.Helper()
	content, err := os.ReadFile(dockerfile)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// checkDockerfile returns the differences between the images of a Dockerfile and those of this package.
func checkDockerfile(t *testing.T, content []byte) (problems []string) {
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
		problems = append(problems, "the syntax directive is not the first line")
	}
	if len(stages) != 2 {
		return append(problems, "number of stages is not 2")
	}
	problems = append(problems, checkImage(stages[1])...)
	problems = append(problems, checkBuild(stages[0])...)
	return append(problems, checkGoVersion(t, args)...)
}

// checkImage checks the configuration of the image.
func checkImage(stage instructions.Stage) (problems []string) {
	if stage.BaseName != "scratch" {
		problems = append(problems, "the base image is "+stage.BaseName+", not scratch")
	}
	user := ""
	for _, command := range stage.Commands {
		switch c := command.(type) {
		case *instructions.UserCommand:
			user = c.User
		case *instructions.EntrypointCommand:
			if c.PrependShell {
				problems = append(problems, "the entrypoint is not JSON and needs a shell")
			}
			if !slices.Equal(c.CmdLine, []string{"/" + program}) {
				problems = append(problems, "the image starts "+strings.Join(c.CmdLine, " "))
			}
		case *instructions.CopyCommand:
			if c.DestPath != "/"+program {
				problems = append(problems, "the build copies the program to "+c.DestPath)
			}
		default:
			problems = append(problems, "unexpected instruction "+command.Name())
		}
	}
	if user != runAs {
		problems = append(problems, "the program runs as "+user)
	}
	return problems
}

// checkBuild checks the flags of the build and the source of every program.
func checkBuild(stage instructions.Stage) (problems []string) {
	var script string
	for _, command := range stage.Commands {
		if run, ok := command.(*instructions.RunCommand); ok {
			script += strings.Join(run.CmdLine, " ")
		}
	}
	want := []string{"CGO_ENABLED=0 ", "go build "}
	for _, flag := range buildFlags("$VERSION") {
		if name, value, ok := strings.Cut(flag, "="); ok && strings.Contains(value, " ") {
			flag = name + `="` + value + `"`
		}
		want = append(want, flag)
	}
	for _, program := range programs.Programs() {
		source := "./services/$SERVICE "
		if program.Source != "./services/"+program.Name {
			source = program.Name + ") source=" + program.Source + " "
		}
		want = append(want, source)
	}
	for _, part := range want {
		if !strings.Contains(script, part) {
			problems = append(problems, "the build does not contain "+part)
		}
	}
	return problems
}

// checkGoVersion checks that the Go version is that of the workspace.
func checkGoVersion(t *testing.T, args []instructions.ArgCommand) []string {
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
				return []string{"the Dockerfile uses Go " + pair.ValueString() + ", the workspace another version"}
			}
		}
	}
	return []string{"the Dockerfile has no GO_VERSION"}
}
