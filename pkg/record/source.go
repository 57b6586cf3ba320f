package record

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/collection"
)

// sources finds the values to which the paths of lookups lead, such as customer.email in {"customer":{"email":"a"}} and
// in {"customer.email":"a"}.
type sources struct {
	paths []string
	root  *sourceNode
	// whole are the indexes of paths by the path, for members that have it as their name.
	whole map[string]int
	// values are those that the record has, by the index of the path. flat reports whether a value came from a member
	// that has the whole path as its name.
	values []jsontext.Value
	flat   []bool
	// at is the node of the object whose members are being read; nil if no path leads there.
	at *sourceNode
	// taken reports whether the record has undeclared members that belong to lookups.
	taken bool
}

// sourceNode is a member on the way to values. Those at the end of a path have no node.
type sourceNode struct {
	path     string
	children map[string]*sourceNode
	// below are the indexes of the paths that lead through the member.
	below []int
	// declared reports whether the collection declares the outermost member, so that its content is not checked here.
	declared bool
}

// newSources returns the sources of a collection's lookups; nil if it has none.
func newSources(c *collection.Collection, declared map[string]int) *sources {
	paths := c.LookupPaths()
	if len(paths) == 0 {
		return nil
	}
	s := &sources{
		paths: paths, root: &sourceNode{children: make(map[string]*sourceNode)}, whole: make(map[string]int, len(paths)),
		values: make([]jsontext.Value, len(paths)), flat: make([]bool, len(paths)),
	}
	for i, path := range paths {
		s.whole[path] = i
		node := s.root
		tokens := strings.Split(path, ".")
		_, isDeclared := declared[tokens[0]]
		for n, token := range tokens[:len(tokens)-1] {
			child := node.children[token]
			if child == nil {
				child = &sourceNode{path: strings.Join(tokens[:n+1], "."), children: make(map[string]*sourceNode), declared: isDeclared}
				node.children[token] = child
			}
			child.below = append(child.below, i)
			node = child
		}
	}
	return s
}

func (s *sources) reset() {
	clear(s.values)
	clear(s.flat)
	s.at, s.taken = s.root, false
}

// Sources returns the values to which the paths of the collection's lookups lead (Collection.LookupPaths), in the order
// of the paths; nil for one that the record does not have. They are valid as long as the values of Read.
func (r *Reader) Sources() []jsontext.Value {
	if r.sources == nil {
		return nil
	}
	return r.sources.values
}

// SourcePointer returns the JSON Pointer of a value of Sources.
func (r *Reader) SourcePointer(i int) string {
	if r.sources.flat[i] {
		return Pointer(r.sources.paths[i])
	}
	return Pointer(strings.Split(r.sources.paths[i], ".")...)
}

// enterSource returns the node of the object that is being read, and goes on to that of its member.
func (r *Reader) enterSource(name []byte) (outer *sourceNode) {
	if r.sources == nil {
		return nil
	}
	outer = r.sources.at
	if outer != nil {
		r.sources.at = outer.children[string(name)]
	}
	return outer
}

// leaveSource goes back to the object that has the member.
func (r *Reader) leaveSource(outer *sourceNode) {
	if r.sources != nil {
		r.sources.at = outer
	}
}

// source handles a member of the record itself if lookups use it, and reports whether they do.
func (r *Reader) source(name []byte, value jsontext.Value, declared bool) bool {
	if r.sources == nil {
		return false
	}
	path, isWhole := r.sources.whole[string(name)]
	node := r.sources.root.children[string(name)]
	if !isWhole && node == nil {
		return false
	}
	if !declared {
		r.sources.taken = true
		if r.seenBefore(name, name) {
			return true
		}
	}
	if isWhole {
		r.setSource(path, name, value, true)
	}
	if node != nil {
		r.through(node, name, value)
	}
	return true
}

// nested handles a member of an object that lookups use.
func (r *Reader) nested(object *sourceNode, name []byte, value jsontext.Value) {
	path := object.path + "." + string(name)
	if i, ok := r.sources.whole[path]; ok {
		r.setSource(i, name, value, false)
		return
	}
	if child := object.children[string(name)]; child != nil {
		r.through(child, name, value)
		return
	}
	if !object.declared {
		r.other(name, []byte(path), value)
	}
}

// through handles a member on the way to values: null stands for all of them.
func (r *Reader) through(node *sourceNode, name []byte, value jsontext.Value) {
	switch {
	case value[0] == '{' || node.declared && value[0] != 'n':
	case value[0] != 'n':
		r.reject(r.sibling(name), NotAnObject, "must be an object, because lookups use its members")
	default:
		for _, i := range node.below {
			r.setSource(i, name, value, false)
		}
	}
}

func (r *Reader) setSource(i int, name []byte, value jsontext.Value, flat bool) {
	if r.sources.values[i] != nil {
		if r.sources.flat[i] == flat {
			return // the member itself occurs more than once, which is another reason
		}
		r.reject(r.sibling(name), DuplicateMember, "the value of %q occurs more than once, in an object and by its path", r.sources.paths[i])
		return
	}
	r.sources.values[i], r.sources.flat[i] = value, flat
}
