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

func TestLoadShippedCollections(t *testing.T) {
	t.Parallel()
	catalog, err := collection.Load("")
	if err != nil {
		t.Fatal(err)
	}
	tools, ok := catalog.Get("tools")
	if !ok || tools.Table != "xforce.tools" || cmp.Diff([]string{"tool_id"}, tools.Key) != "" {
		t.Fatalf("Get(tools) = %+v, %v, want the table xforce.tools with the key tool_id", tools, ok)
	}
	if _, ok := catalog.Get("nothing"); ok {
		t.Error("Get(nothing) found a collection, want none")
	}
}

func TestLoadFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{"books.json": books, "README.md": "not a collection"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	catalog, err := collection.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"books", "tools"}, catalog.Names()); diff != "" {
		t.Errorf("collections (-want +got):\n%s", diff)
	}
	own, err := collection.LoadFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"books"}, own.Names()); diff != "" {
		t.Errorf("collections without the shipped ones (-want +got):\n%s", diff)
	}
	found, _ := catalog.Get("books")
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
