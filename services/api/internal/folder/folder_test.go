package folder_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/services/api/internal/folder"
)

const books = `{"x-longshore":{"table":"public.books","key":["isbn"],"ordering":"none"},"properties":{"isbn":{"type":"string"}}}`

type fixture struct {
	db  *store.Store
	dir string
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	url := storetest.NewDatabase(t)
	storetest.Exec(t, storetest.Connect(t, url), `CREATE TABLE books (isbn TEXT PRIMARY KEY, title TEXT)`)
	return fixture{db: storetest.Open(t, url, store.Options{}), dir: t.TempDir()}
}

func (f fixture) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name+".json"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs the command and returns what it prints.
func (f fixture) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := folder.Run(t.Context(), f.db, args, &out)
	return out.String(), err
}

// TestRun walks through the life of a folder.
func TestRun(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	steps := []struct {
		name   string
		change func()
		args   []string
		want   []string
		err    string
	}{
		{"an empty folder", func() {}, []string{"diff", f.dir}, nil, ""},
		{"a new file", func() { f.write(t, "books", books) }, []string{"diff", f.dir}, []string{"add    books"}, "differ"},
		{"apply it", func() {}, []string{"apply", f.dir}, []string{"add    books"}, ""},
		{"no difference", func() {}, []string{"diff", f.dir}, []string{"keep   books"}, ""},
		{
			"a change", func() { f.write(t, "books", strings.Replace(books, `"type":"string"`, `"maxLength":3`, 1)) },
			[]string{"apply", f.dir},
			[]string{"change books", `"path":"/properties/isbn/maxLength"`},
			"",
		},
		{"another tenant", func() {}, []string{"diff", f.dir, "--tenant", "default"}, []string{"add    books"}, "differ"},
		{"misfit", func() { f.write(t, "films", strings.ReplaceAll(books, "books", "films")) }, []string{"apply", f.dir}, []string{"add    films"}, "there is no table public.films"},
		{"unchecked", func() {}, []string{"apply", "--no-check", f.dir}, []string{"add    films"}, ""},
		{"a missing file", func() { _ = os.Remove(filepath.Join(f.dir, "films.json")) }, []string{"apply", f.dir}, []string{"keep   books"}, ""},
		{"prune", func() {}, []string{"apply", f.dir, "--prune"}, []string{"delete films"}, ""},
		{"invalid", func() { f.write(t, "wrong", "{\n\"x-longshore\": 7}") }, []string{"apply", f.dir}, nil, "wrong.json"},
		{"usage", func() {}, []string{"apply"}, nil, folder.ErrUsage.Error()},
		{"two folders", func() {}, []string{"apply", f.dir, f.dir}, nil, folder.ErrUsage.Error()},
		{"no folder", func() {}, []string{"apply", f.dir + "/none"}, nil, "create it"},
	}
	for _, tt := range steps {
		t.Run(tt.name, func(t *testing.T) { //nolint:paralleltest // each step needs the one before
			tt.change()
			out, err := f.run(t, tt.args...)
			for _, want := range tt.want {
				if !strings.Contains(out, want) {
					t.Errorf("Run(%q) printed %s, want %q", tt.args, out, want)
				}
			}
			if (tt.err == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("Run(%q) error = %v, want %q", tt.args, err, tt.err)
			}
		})
	}
	if _, err := f.run(t, "diff", f.dir); err == nil || errors.Is(err, folder.ErrDiffers) {
		t.Errorf("diff with an invalid file error = %v, want one about the file", err)
	}
}

// TestApplyNew: the start of an api stores what is new in its folder, and does not undo what was stored later.
func TestApplyNew(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	other := strings.Replace(books, `"type":"string"`, `"maxLength":3`, 1)
	start := func(want ...string) {
		t.Helper()
		stored, err := folder.ApplyNew(t.Context(), f.db, f.dir)
		if err != nil || !slices.Equal(stored, want) {
			t.Errorf("ApplyNew() = %q, %v, want %q", stored, err, want)
		}
	}
	f.write(t, "books", books)
	start("books")
	start()
	f.write(t, "books", other)
	start("books")
	f.write(t, "books", books) // an api that starts with the older folder
	start()
	versions, err := f.db.CollectionsSince(t.Context(), 0)
	if err != nil || len(versions) != 1 || string(versions[0].Definition) != other {
		t.Errorf("stored = %+v, %v, want the newer definition", versions, err)
	}
}
