package configdoc

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"reflect"
	"strconv"
	"strings"
)

// structs are the settings of each struct of a package, by type name.
type structs map[string][]Variable

// parseFolder reads the structs of a package. shared are those of pkg/config, which may be parts of
// them.
func parseFolder(root fs.FS, folder string, shared structs) (structs, error) {
	names, err := fs.Glob(root, folder+"/*.go")
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", folder, err)
	}
	p := packageParser{types: make(map[string]*ast.StructType), shared: shared}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := fs.ReadFile(root, name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parsing %s: %w", name, err)
		}
		p.collect(file)
	}
	all := make(structs)
	for name, t := range p.types {
		if all[name], err = p.settings(t); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", folder, name, err)
		}
	}
	return all, nil
}

type packageParser struct {
	types  map[string]*ast.StructType
	shared structs
}

func (p packageParser) collect(file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.TypeSpec); ok {
			if t, ok := spec.Type.(*ast.StructType); ok {
				p.types[spec.Name.Name] = t
			}
		}
		return true
	})
}

// settings returns the variables of a struct and of its parts.
func (p packageParser) settings(t *ast.StructType) (all []Variable, err error) {
	for _, field := range t.Fields.List {
		v, err := settingOf(field)
		if err != nil {
			return nil, err
		}
		if v.Name != "" {
			all = append(all, v)
			continue
		}
		part, err := p.part(field.Type)
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
	}
	return all, nil
}

// part returns the variables of a field's type: a struct of this package or of pkg/config.
func (p packageParser) part(t ast.Expr) ([]Variable, error) {
	switch t := t.(type) {
	case *ast.SelectorExpr:
		return p.shared[t.Sel.Name], nil
	case *ast.Ident:
		if local, ok := p.types[t.Name]; ok {
			return p.settings(local)
		}
	}
	return nil, nil
}

// settingOf reads a field's tags and comment. Its name is empty if the field reads no variable.
func settingOf(field *ast.Field) (Variable, error) {
	if field.Tag == nil {
		return Variable{}, nil
	}
	tag, err := strconv.Unquote(field.Tag.Value)
	if err != nil {
		return Variable{}, fmt.Errorf("reading the tag %s: %w", field.Tag.Value, err)
	}
	name, options, _ := strings.Cut(reflect.StructTag(tag).Get("env"), ",")
	if name == "" {
		return Variable{}, nil
	}
	if len(field.Names) != 1 {
		return Variable{}, fmt.Errorf("%s: a field of its own is needed", name)
	}
	comment := strings.Join(strings.Fields(field.Doc.Text()), " ")
	description, ok := strings.CutPrefix(comment, field.Names[0].Name+" is ")
	if !ok || !strings.HasSuffix(description, ".") {
		return Variable{}, fmt.Errorf("%s: the comment must be sentences that begin with %q", name, field.Names[0].Name+" is ")
	}
	return Variable{
		Name: name, Default: reflect.StructTag(tag).Get("envDefault"), Required: strings.Contains(options, "required"), Description: description,
	}, nil
}
