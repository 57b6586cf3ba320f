package collection

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/fault"
)

//go:embed shipped/*.json
var shipped embed.FS

// Catalog is the set of collections of a process. It never changes.
type Catalog struct {
	byName map[string]*Collection
}

// Load reads the shipped collections and, if dir is not empty, every *.json file in dir. A file in dir
// replaces the shipped collection of the same name.
func Load(dir string) (*Catalog, error) {
	c := &Catalog{byName: make(map[string]*Collection)}
	shippedFiles, err := fs.Sub(shipped, "shipped")
	if err != nil {
		return nil, fmt.Errorf("opening the shipped collections: %w", err)
	}
	if err := c.add(shippedFiles); err != nil {
		return nil, err
	}
	if dir == "" {
		return c, nil
	}
	return c, c.add(os.DirFS(dir))
}

// LoadFolder is Load without the shipped collections. An empty dir has none.
func LoadFolder(dir string) (*Catalog, error) {
	c := &Catalog{byName: make(map[string]*Collection)}
	if dir == "" {
		return c, nil
	}
	return c, c.add(os.DirFS(dir))
}

func (c *Catalog) add(files fs.FS) error {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return fmt.Errorf("listing collections: %w", err)
	}
	for _, file := range names {
		content, err := fs.ReadFile(files, file)
		if err != nil {
			return fmt.Errorf("reading collection file %s: %w", file, err)
		}
		parsed, err := Parse(strings.TrimSuffix(path.Base(file), ".json"), content)
		if err != nil {
			return err
		}
		c.byName[parsed.Name] = parsed
	}
	return nil
}

// Get returns the collection with the name.
func (c *Catalog) Get(name string) (*Collection, bool) {
	found, ok := c.byName[name]
	return found, ok
}

// Unknown returns a fault of kind NotFound for a name of no collection. It lists names that exist.
func Unknown(name string, names []string) error {
	return fault.New(fault.NotFound, "unknown-collection",
		"There is no collection called %q. GET / lists the collections.", strings.ToValidUTF8(name, "\uFFFD")).
		With("collections", names)
}

// Names returns the names of all collections in alphabetical order.
func (c *Catalog) Names() []string {
	return slices.Sorted(maps.Keys(c.byName))
}
