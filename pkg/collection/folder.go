package collection

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

//go:embed shipped/*.json
var shipped embed.FS

// Shipped returns the collections that come with Longshore, such as tools.
func Shipped() ([]*Collection, error) {
	return readFiles(shipped, "shipped", "the shipped collections")
}

// ReadFolder reads the collections of a folder: every file whose name ends in .json. The rest of the name is
// the name of the collection. The error describes every file that can't be read, with the line if it is
// known.
func ReadFolder(dir string) ([]*Collection, error) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no folder %s: create it, or name the folder of the collection files", dir)
	case err != nil:
		return nil, fmt.Errorf("reading the folder of collections: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("%s is a file: name the folder of the collection files", dir)
	}
	return readFiles(os.DirFS(dir), ".", dir)
}

// readFiles reads the collections of a folder of files; place describes it in errors.
func readFiles(files fs.FS, dir, place string) ([]*Collection, error) {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", place, err)
	}
	var all []*Collection
	var errs []error
	for _, entry := range entries {
		name, isCollection := cutExtension(entry.Name())
		if !isCollection {
			continue
		}
		one, err := readFile(files, path.Join(dir, entry.Name()), name)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", filepath.Join(place, entry.Name()), err))
			continue
		}
		all = append(all, one)
	}
	return all, errors.Join(errs...)
}

// cutExtension cuts .json, in capitals or not, from the name of a file.
func cutExtension(file string) (name string, isCollection bool) {
	const extension = ".json"
	if len(file) <= len(extension) || !strings.EqualFold(file[len(file)-len(extension):], extension) {
		return file, false
	}
	return file[:len(file)-len(extension)], true
}

func readFile(files fs.FS, file, name string) (*Collection, error) {
	content, err := fs.ReadFile(files, file)
	if err != nil {
		return nil, err
	}
	return Parse(name, content)
}
