// Package configdoc generates docs/configuration.md from the configuration structs of all programs:
// the tags of a field contain the variable and its default, its comment the description.
package configdoc

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/deploy/local/programs"
)

// Path is the page, relative to the repository's root.
const Path = "docs/configuration.md"

// Variable is an environment variable that at least one program reads.
type Variable struct {
	Name, Default string
	Required      bool
	// Programs are the names of the programs that read it.
	Programs []string
	// Description is the comment of the field without its name: a phrase, then sentences.
	Description string
}

// The folders of configuration structs, relative to the repository's root.
const (
	sharedFolder  = "pkg/config"
	serviceFolder = "services/%s/internal/config"
)

// everyService are the parts of the configuration that package service adds to that of each service.
var everyService = []string{"Log", "Tracing"}

// migrate has no configuration struct, because its module must not depend on pkg. It reads
// migrateShared, which services declare, and migrateOwn.
const migrate = "migrate"

var (
	migrateShared = []string{"DATABASE_URL", "LONGSHORE_DIRECT_DATABASE_URL", "LONGSHORE_DB_POOLER"}
	migrateOwn    = []Variable{
		roleVariable("API", "the api"),
		roleVariable("WORKER", "the workers and the janitor"),
		roleVariable("READER", "KEDA and people"),
	}
)

// roleVariable returns the variable with the name of a role in Postgres.
func roleVariable(name, of string) Variable {
	return Variable{
		Name: "LONGSHORE_" + name + "_ROLE", Programs: []string{migrate},
		Description: "the role in Postgres of " + of + ", which gets its rights on the schema `xforce` after the migrations. Empty grants none.",
	}
}

// Read returns the variables that all programs of the repository read, by name.
func Read(root fs.FS) (map[string]*Variable, error) {
	shared, err := parseFolder(root, sharedFolder, nil)
	if err != nil {
		return nil, err
	}
	variables := make(map[string]*Variable)
	for _, service := range programs.Services() {
		structs, err := parseFolder(root, fmt.Sprintf(serviceFolder, service.Name), shared)
		if err != nil {
			return nil, err
		}
		fields := structs["Config"]
		for _, part := range everyService {
			fields = slices.Concat(fields, shared[part])
		}
		for _, field := range fields {
			if err := add(variables, service.Name, field); err != nil {
				return nil, err
			}
		}
	}
	for _, v := range migrateOwn {
		variables[v.Name] = &v
	}
	for _, name := range migrateShared {
		if v, ok := variables[name]; ok {
			v.Programs = append(v.Programs, migrate)
		}
	}
	return variables, nil
}

// add adds a field to the variables. Two programs may declare the same variable in the same way.
func add(variables map[string]*Variable, program string, field Variable) error {
	known, ok := variables[field.Name]
	if !ok {
		known = &field
		variables[field.Name] = known
	}
	if field.Default != known.Default || field.Required != known.Required || field.Description != known.Description {
		return fmt.Errorf("%s: two fields have different defaults or comments: %q and %q", field.Name, known.Description, field.Description)
	}
	known.Programs = append(known.Programs, program)
	return nil
}

// Page returns the page as Markdown.
func Page(root fs.FS) ([]byte, error) {
	variables, err := Read(root)
	if err != nil {
		return nil, err
	}
	return render(variables, topics)
}

// render fails if a variable is in no topic or a topic names an unknown variable.
func render(variables map[string]*Variable, topics []topic) ([]byte, error) {
	var page strings.Builder
	page.WriteString(introduction)
	for _, t := range topics {
		fmt.Fprintf(&page, "\n## %s\n", t.title)
		for _, name := range t.variables {
			v, ok := variables[name]
			if !ok {
				return nil, fmt.Errorf("topic %q: no program reads %s, or another topic contains it", t.title, name)
			}
			delete(variables, name)
			v.write(&page)
		}
	}
	if len(variables) > 0 {
		return nil, fmt.Errorf("add to topics in deploy/local/configdoc/topics.go: %s", strings.Join(slices.Sorted(maps.Keys(variables)), ", "))
	}
	return []byte(page.String()), nil
}
