package architecture

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ours begins the paths of all our modules.
const ours = "github.com/longshore-io/longshore/"

// ban keeps packages from what they must not be linked with, by whatever way it comes in. The linter (depguard) sees
// single imports only; this sees what they lead to.
type ban struct {
	packages string // a pattern of our packages, without the prefix that they share
	except   string // a pattern of those that may
	from     string // a pattern of the whole path of what they must not depend on
	reason   string
}

var bans = []ban{
	{"pkg/(operation|fault|job|collection|chunk)", "", `github\.com/(gin-gonic|hibiken|jackc|redis)/.*|database/sql|net/http`, "the domain knows no technology"},
	{"pkg/(operation|fault|job|collection|chunk)", "", ours + "pkg/(store|table|queue|service)(/.*)?", "the domain is below storage and queue"},
	{"pkg/.*", "", ours + "(services|deploy|e2e)/.*", "pkg is what the services share, and knows none of them"},
	{"pkg/(store|table)(/.*)?", "", `github\.com/hibiken/.*|` + ours + "pkg/queue", "Postgres is the truth and needs no queue"},
	{"pkg/table(/.*)?", "", ours + "pkg/store(/.*)?", "pkg/table knows the customers' tables only; pkg/store depends on it"},
	{"pkg/queue(/.*)?", "", `github\.com/jackc/.*|` + ours + "pkg/(store|table)(/.*)?", "the queue carries ids only and needs no storage"},
	{".*", "services/(api|console)(/.*)?|e2e/.*", `github\.com/gin-gonic/.*`, "only the api and the console speak HTTP to users"},
	{"migrations", "", `github\.com/.*/.*`, "every service links the migrations' numbers, so they need the standard library only"},
	{"services/.*", "", ours + `(deploy|e2e)/.*|` + ours + `migrations/apply|github\.com/pressly/goose.*`, "migrations are applied by a one-shot command, never by a service"},
	{"services/[^/]+|migrations/.*", "", `testing|` + ours + "pkg/(store|queue|service)test", "test code is not linked into programs"},
}

// dependencies maps each of our packages to all that it is linked with, tests aside.
type dependencies map[string][]string

func TestPackagesAreLinkedWithWhatTheyMay(t *testing.T) {
	t.Parallel()
	linked := listDependencies(t)
	for _, problem := range slices.Concat(banned(linked, bans), strangers(linked)) {
		t.Error(problem)
	}
}

func TestBansCatch(t *testing.T) {
	t.Parallel()
	broken := dependencies{
		ours + "pkg/operation":                {"fmt", "github.com/jackc/pgx/v5"},
		ours + "pkg/chunk":                    {ours + "pkg/table/load"},
		ours + "pkg/config":                   {ours + "services/api/internal/config"},
		ours + "pkg/store":                    {"github.com/hibiken/asynq"},
		ours + "pkg/table/load":               {ours + "pkg/store"},
		ours + "pkg/queue":                    {"github.com/jackc/pgx/v5"},
		ours + "services/importer":            {"github.com/gin-gonic/gin"},
		ours + "migrations":                   {"embed", "github.com/pressly/goose/v3"},
		ours + "services/janitor/internal/x":  {ours + "migrations/apply"},
		ours + "services/api":                 {"github.com/gin-gonic/gin", "testing"},
		ours + "services/api/internal/server": {ours + "services/importer/steps"},
		ours + "services/api/internal/tested": {ours + "services/api/internal/server", "testing"},
	}
	found := slices.Concat(banned(broken, bans), strangers(broken))
	// One each but for the last, which is a package that only tests use.
	if want := len(broken) - 1; len(found) != want {
		t.Errorf("found %d problems instead of %d:\n%s", len(found), want, strings.Join(found, "\n"))
	}
	for i, b := range bans {
		if len(banned(broken, bans[i:i+1])) == 0 {
			t.Errorf("ban %d (%s) caught nothing", i, b.reason)
		}
	}
}

func banned(linked dependencies, table []ban) []string {
	var problems []string
	for _, b := range table {
		subject, exempt, object := whole(regexp.QuoteMeta(ours)+"("+b.packages+")"), whole(regexp.QuoteMeta(ours)+"("+b.except+")"), whole(b.from)
		for name, all := range linked {
			if !subject.MatchString(name) || (b.except != "" && exempt.MatchString(name)) {
				continue
			}
			for _, dependency := range all {
				if object.MatchString(dependency) {
					problems = append(problems, fmt.Sprintf("%s depends on %s: %s", name, dependency, b.reason))
					break // one tells it; a module brings many packages
				}
			}
		}
	}
	return problems
}

var service = regexp.MustCompile("^" + regexp.QuoteMeta(ours) + "services/([^/]+)")

// strangers finds services that depend on each other.
func strangers(linked dependencies) []string {
	var problems []string
	for name, all := range linked {
		self := service.FindStringSubmatch(name)
		if len(self) < 2 {
			continue
		}
		for _, dependency := range all {
			if other := service.FindStringSubmatch(dependency); len(other) > 1 && other[1] != self[1] {
				problems = append(problems, fmt.Sprintf("%s depends on %s: services meet in Postgres and Redis, not in code", name, dependency))
			}
		}
	}
	return problems
}

func whole(pattern string) *regexp.Regexp { return regexp.MustCompile("^(" + pattern + ")$") }

func listDependencies(t *testing.T) dependencies {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Deps " "}}`, "work")
	cmd.Dir = repository(t)
	cmd.Stderr = t.Output()
	said, err := cmd.Output()
	if err != nil {
		t.Fatalf("listing the packages: %v", err)
	}
	linked := dependencies{}
	for line := range strings.Lines(string(said)) {
		names := strings.Fields(line)
		linked[names[0]] = names[1:]
	}
	return linked
}

func writeFile(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
