package architecture

import (
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// modulePrefix is the prefix of the paths of all modules of this repository.
const modulePrefix = "github.com/longshore-io/longshore/"

// ban forbids packages to be linked with others, directly or indirectly. The linter (depguard)
// checks direct imports only.
type ban struct {
	packages  string // a pattern of packages, without modulePrefix
	except    string // a pattern of packages to which the ban does not apply
	forbidden string // a pattern of complete paths of packages
	reason    string
}

var bans = []ban{
	{
		"pkg/(operation|fault|job|collection|chunk)", "", `github\.com/(gin-gonic|hibiken|jackc|redis)/.*|database/sql|net/http`,
		"the domain is independent of technology",
	},
	{
		"pkg/(operation|fault|job|collection|chunk)", "", modulePrefix + "pkg/(store|table|queue|service)(/.*)?",
		"the domain is below storage and queue",
	},
	{"pkg/.*", "", modulePrefix + "(services|deploy|e2e)/.*", "pkg is shared by the services and depends on none of them"},
	{"pkg/(store|table)(/.*)?", "", `github\.com/hibiken/.*|` + modulePrefix + "pkg/queue", "Postgres is the truth and needs no queue"},
	{"pkg/table(/.*)?", "", modulePrefix + "pkg/store(/.*)?", "pkg/table accesses the customers' tables only; pkg/store depends on it"},
	{
		"pkg/queue(/.*)?", "", `github\.com/jackc/.*|` + modulePrefix + "pkg/(store|table)(/.*)?",
		"queue entries contain ids only and need no storage",
	},
	{".*", "services/api(/.*)?|e2e/.*", `github\.com/gin-gonic/.*`, "only the api is made with gin"},
	{"migrations", "", `github\.com/.*/.*`, "every service links the numbers of the migrations, so they need the standard library only"},
	{
		"services/.*", "", modulePrefix + `(deploy|e2e)/.*|` + modulePrefix + `migrations/apply|github\.com/pressly/goose.*`,
		"a one-shot command applies migrations, never a service",
	},
	{"services/[^/]+|migrations/.*", "", `testing|` + modulePrefix + "pkg/((store|queue|service)test|pgproxy)", "test code is not linked into programs"},
}

// dependencies contains the direct and indirect dependencies of each package, without those of its
// tests.
type dependencies map[string][]string

func TestDependencies(t *testing.T) {
	t.Parallel()
	packages := listDependencies(t)
	for _, problem := range slices.Concat(brokenBans(packages, bans), dependentServices(packages)) {
		t.Error(problem)
	}
}

func TestDependenciesOfBrokenTree(t *testing.T) {
	t.Parallel()
	broken := dependencies{
		modulePrefix + "pkg/operation":                {"fmt", "github.com/jackc/pgx/v5"},
		modulePrefix + "pkg/chunk":                    {modulePrefix + "pkg/table/load"},
		modulePrefix + "pkg/config":                   {modulePrefix + "services/api/internal/config"},
		modulePrefix + "pkg/store":                    {"github.com/hibiken/asynq"},
		modulePrefix + "pkg/table/load":               {modulePrefix + "pkg/store"},
		modulePrefix + "pkg/queue":                    {"github.com/jackc/pgx/v5"},
		modulePrefix + "services/importer":            {"github.com/gin-gonic/gin"},
		modulePrefix + "migrations":                   {"embed", "github.com/pressly/goose/v3"},
		modulePrefix + "services/janitor/internal/x":  {modulePrefix + "migrations/apply"},
		modulePrefix + "services/api":                 {"github.com/gin-gonic/gin", "testing"},
		modulePrefix + "services/api/internal/server": {modulePrefix + "services/importer/steps"},
		modulePrefix + "services/api/internal/tested": {modulePrefix + "services/api/internal/server", "testing"},
	}
	problems := slices.Concat(brokenBans(broken, bans), dependentServices(broken))
	// Each package has one problem, except the last, which only tests use.
	if want := len(broken) - 1; len(problems) != want {
		t.Errorf("got %d problems, want %d:\n%s", len(problems), want, strings.Join(problems, "\n"))
	}
	for i, b := range bans {
		if len(brokenBans(broken, bans[i:i+1])) == 0 {
			t.Errorf("ban %d (%s): got no problem, want one", i, b.reason)
		}
	}
}

func brokenBans(packages dependencies, bans []ban) []string {
	var problems []string
	for _, b := range bans {
		applies := wholePattern(regexp.QuoteMeta(modulePrefix) + "(" + b.packages + ")")
		exempt := wholePattern(regexp.QuoteMeta(modulePrefix) + "(" + b.except + ")")
		forbidden := wholePattern(b.forbidden)
		for name, all := range packages {
			if !applies.MatchString(name) || (b.except != "" && exempt.MatchString(name)) {
				continue
			}
			// The first is enough: a module has many packages.
			if i := slices.IndexFunc(all, forbidden.MatchString); i >= 0 {
				problems = append(problems, fmt.Sprintf("%s depends on %s: %s", name, all[i], b.reason))
			}
		}
	}
	return problems
}

var servicePattern = regexp.MustCompile("^" + regexp.QuoteMeta(modulePrefix) + "services/([^/]+)")

// dependentServices returns the services that depend on another service.
func dependentServices(packages dependencies) []string {
	var problems []string
	for name, all := range packages {
		service := servicePattern.FindStringSubmatch(name)
		if len(service) < 2 {
			continue
		}
		for _, dependency := range all {
			if other := servicePattern.FindStringSubmatch(dependency); len(other) > 1 && other[1] != service[1] {
				problems = append(problems, fmt.Sprintf("%s depends on %s: services share data in Postgres and Redis, not code", name, dependency))
			}
		}
	}
	return problems
}

func wholePattern(pattern string) *regexp.Regexp { return regexp.MustCompile("^(" + pattern + ")$") }

func listDependencies(t *testing.T) dependencies {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Deps " "}}`, "work")
	cmd.Dir = repositoryRoot(t)
	cmd.Stderr = t.Output()
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("listing the packages: %v", err)
	}
	packages := dependencies{}
	for line := range strings.Lines(string(output)) {
		names := strings.Fields(line)
		packages[names[0]] = names[1:]
	}
	return packages
}
