package collection_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/collection"
)

const books = `{"x-longshore":{"table":"public.books","key":["isbn"]},"type":"object","properties":{
  "title":{"type":["string","null"]},"isbn":{"type":"string"},"tags":{"type":"array","items":{"type":"integer"}},"extra":{}}}`

func TestShipped(t *testing.T) {
	t.Parallel()
	shipped, err := collection.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	if len(shipped) != 1 || shipped[0].Name != "tools" || shipped[0].Table != "xforce.tools" || cmp.Diff([]string{"tool_id"}, shipped[0].Key) != "" {
		t.Fatalf("Shipped() = %+v, want tools of the table xforce.tools with the key tool_id", shipped)
	}
}

func TestReadFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{"books.JSON": books, "README.md": "not a collection", ".json": "nor this"} {
		write(t, filepath.Join(dir, name), content)
	}
	found, err := collection.ReadFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0].Name != "books" {
		t.Errorf("ReadFolder() = %v, want the collection books", found)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestReadFolderErrors: the error names each file that can't be read, the line, and the remedy.
func TestReadFolderErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	write(t, file, "")
	write(t, filepath.Join(dir, "syntax.json"), "{\n\n  \"x-longshore\": nothing\n}")
	write(t, filepath.Join(dir, "type.json"), "{\n\"x-longshore\": {\n\"table\": 7}}")
	write(t, filepath.Join(dir, "Name.json"), books)
	for path, want := range map[string][]string{
		filepath.Join(dir, "none"): {"there is no folder", "create it"},
		file:                       {"is a file", "name the folder"},
		dir:                        {"syntax.json", "line 3", "type.json", "Name.json", "the name must match"},
	} {
		_, err := collection.ReadFolder(path)
		for _, text := range want {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("ReadFolder(%s) error = %v, want one that contains %q", path, err, text)
			}
		}
	}
}

func TestCatalog(t *testing.T) {
	t.Parallel()
	one := func(table string) *collection.Collection {
		c, err := collection.Parse("books", []byte(strings.Replace(books, "public.books", table, 1)))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := collection.NewCatalog(one("shipped"))
	want := func(step string, tables map[string]string) {
		t.Helper()
		for tenant, table := range tables {
			if got, ok := c.Get(tenant, "books"); !ok || got.Table != table {
				t.Errorf("after %s, Get(%s) = %v, %t, want the table %s", step, tenant, got, ok, table)
			}
		}
	}
	want("nothing", map[string]string{"a": "shipped", "b": "shipped"})
	c.Set(collection.Shared, one("shared"))
	want("setting a shared one", map[string]string{"a": "shared", "b": "shared"})
	c.Set("a", one("own"))
	want("setting one of a", map[string]string{"a": "own", "b": "shared"})
	if !c.Owns("a", "books") || c.Owns("b", "books") {
		t.Error("Owns() is wrong, want that a owns the collection and b does not")
	}
	tenants := ""
	for tenant, found := range c.All() {
		tenants += tenant + " " + found.Table + " "
	}
	if tenants != "* shared a own " {
		t.Errorf("All() = %q, want the shared one and the one of a", tenants)
	}
	c.Remove("a", "books")
	c.Remove(collection.Shared, "books")
	want("removing both", map[string]string{"a": "shipped", "b": "shipped"})
}

func TestParseProperties(t *testing.T) {
	t.Parallel()
	found, err := collection.Parse("books", []byte(books))
	if err != nil {
		t.Fatal(err)
	}
	want := []collection.Property{
		{Name: "title", Types: []string{"string", "null"}},
		{Name: "isbn", Types: []string{"string"}},
		{Name: "tags", Types: []string{"array"}, Items: []string{"integer"}},
		{Name: "extra"},
	}
	if diff := cmp.Diff(want, found.Properties); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
	if !found.Properties[3].Allows("object") {
		t.Error("Allows(object) of a property without types = false, want true")
	}
	if found.Properties[1].Allows("null") {
		t.Error("Allows(null) of a string = true, want false")
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ file, want string }{
		"Books":  {books, "the name must match"},
		"syntax": {`{`, "unexpected end"},
		"table":  {strings.Replace(books, "public.books", "books; drop table x", 1), "x-longshore.table"},
		"nokey":  {strings.Replace(books, `["isbn"]`, `[]`, 1), "x-longshore.key must name"},
		"badkey": {strings.Replace(books, `["isbn"]`, `["ISBN"]`, 1), `names "ISBN"`},
		"verb":   {strings.Replace(books, `"table"`, `"verbs":["read"],"table"`, 1), `names "read"`},
		"verbs":  {strings.Replace(books, `"table"`, `"verbs":[],"table"`, 1), "must name at least one"},
		"role":   {strings.Replace(books, `"table"`, `"role":"a b","table"`, 1), "x-longshore.role"},
		"empty":  {`{}`, "properties must declare"},
		"type":   {strings.Replace(books, `{"type":"string"}`, `{"type":1}`, 1), "isbn"},
	} {
		_, err := collection.Parse(name, []byte(tt.file))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Parse(%s) = %v, want an error that contains %q", name, err, tt.want)
		}
	}
}
