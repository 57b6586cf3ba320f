package configdoc

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/deploy/local/programs"
)

// repository returns the tree of the repository.
func repository(t *testing.T) fs.FS {
	t.Helper()
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	return os.DirFS(root)
}

func TestPageIsCurrent(t *testing.T) {
	t.Parallel()
	root := repository(t)
	want, err := Page(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := fs.ReadFile(root, Path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("%s is stale: run make docs (-want +got):\n%s", Path, diff)
	}
}

func TestPageFitsLineWidth(t *testing.T) {
	t.Parallel()
	page, err := Page(repository(t))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(page)) {
		if len(strings.TrimSuffix(line, "\n")) > lineWidth {
			t.Errorf("line of %d columns, want at most %d: %s", len(line)-1, lineWidth, line)
		}
	}
}

// tree is a repository whose services have the configuration given by its fields.
func tree(fields string) fstest.MapFS {
	files := fstest.MapFS{"pkg/config/config.go": {Data: []byte("package config\n\ntype Log struct {\n" +
		"\t// Level is the level.\n\tLevel string `env:\"LEVEL\" envDefault:\"info\"`\n}\n\ntype Postgres struct {\n" +
		"\t// URL is the address of\n\t// Postgres. Always.\n\tURL string `env:\"DATABASE_URL,required,notEmpty\" secret:\"url\"`\n}\n")}}
	for _, s := range programs.Services() {
		files["services/"+s.Name+"/internal/config/config.go"] = &fstest.MapFile{Data: []byte("package config\n\ntype Config struct{}\n")}
	}
	files["services/api/internal/config/config.go"] = &fstest.MapFile{Data: []byte("package config\n\ntype Config struct {\n" + fields + "}\n")}
	return files
}

func TestRead(t *testing.T) {
	t.Parallel()
	got, err := Read(tree("\tPostgres config.Postgres\n\tprivate int\n\t// Size is the size in bytes.\n\tSize int `env:\"SIZE\" envDefault:\"3\"`\n"))
	if err != nil {
		t.Fatal(err)
	}
	var services []string
	for _, s := range programs.Services() {
		services = append(services, s.Name)
	}
	want := map[string]*Variable{
		"DATABASE_URL": {Name: "DATABASE_URL", Required: true, Programs: []string{"api", "migrate"}, Description: "the address of Postgres. Always."},
		"LEVEL":        {Name: "LEVEL", Default: "info", Programs: services, Description: "the level."},
		"SIZE":         {Name: "SIZE", Default: "3", Programs: []string{"api"}, Description: "the size in bytes."},
	}
	for _, v := range migrateOwn {
		want[v.Name] = &v
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Read() (-want +got):\n%s", diff)
	}
}

func TestReadRejects(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ fields, want string }{
		"no comment":        {"\tSize int `env:\"SIZE\"`\n", `SIZE: the comment must be sentences that begin with "Size is "`},
		"not a sentence":    {"\t// Size is the size\n\tSize int `env:\"SIZE\"`\n", "SIZE: the comment must be sentences"},
		"two fields":        {"\t// A is a.\n\tA, B int `env:\"SIZE\"`\n", "SIZE: a field of its own is needed"},
		"different comment": {"\t// Level is the depth.\n\tLevel string `env:\"LEVEL\" envDefault:\"info\"`\n", "LEVEL: two fields have different"},
		"not required":      {"\tPostgres config.Postgres\n\t// URL is the address of Postgres. Always.\n\tURL string `env:\"DATABASE_URL\"`\n", "DATABASE_URL: two fields have different"},
		"different default": {"\t// Level is the level.\n\tLevel string `env:\"LEVEL\" envDefault:\"warn\"`\n", "LEVEL: two fields have different"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Read(tree(tt.fields)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Read() = %v, want an error that contains %q", err, tt.want)
			}
		})
	}
}

func TestRender(t *testing.T) {
	t.Parallel()
	page, err := render(map[string]*Variable{
		"A_BYTES": {Name: "A_BYTES", Default: "2097152", Programs: []string{"api"}, Description: "the size. See B_URL."},
		"B_URL":   {Name: "B_URL", Required: true, Programs: []string{"api", "janitor"}, Description: "the address."},
		"C":       {Name: "C", Programs: []string{"api"}, Description: "how long it takes."},
	}, []topic{{"Sizes", []string{"A_BYTES"}}, {"Others", []string{"C", "B_URL"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := introduction + `
## Sizes

### ` + "`A_BYTES`" + `

Default: ` + "`2097152`" + ` (2 MiB). Read by api.

The size. See ` + "`B_URL`" + `.

## Others

### ` + "`C`" + `

Default: none. Read by api.

How long it takes.

### ` + "`B_URL`" + `

Required. Read by api, janitor.

The address.
`
	if diff := cmp.Diff(want, string(page)); diff != "" {
		t.Errorf("render() (-want +got):\n%s", diff)
	}
}

func TestRenderRejects(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		listed []string
		want   string
	}{
		"variable without topic": {nil, "add to topics in deploy/local/configdoc/topics.go: KNOWN"},
		"unknown variable":       {[]string{"KNOWN", "OTHER"}, "no program reads OTHER"},
		"variable in two topics": {[]string{"KNOWN", "KNOWN"}, "no program reads KNOWN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			variables := map[string]*Variable{"KNOWN": {Name: "KNOWN", Description: "a size."}}
			if _, err := render(variables, []topic{{"Sizes", tt.listed}}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("render() = %v, want an error that contains %q", err, tt.want)
			}
		})
	}
}

func TestMarkCode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"At most LONGSHORE_LANES.":                  "At most `LONGSHORE_LANES`.",
		"Paths /livez, /readyz and a/b.":            "Paths `/livez`, `/readyz` and a/b.",
		"Such as https://a.example/b. Or not (API)": "Such as `https://a.example/b`. Or not (API)",
		"The time (Prefer: wait).":                  "The time (`Prefer: wait`).",
	} {
		if got := markCode(text); got != want {
			t.Errorf("markCode(%q) = %q, want %q", text, got, want)
		}
	}
}
