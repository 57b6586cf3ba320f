// Package record reads one record strictly. What it accepts is one JSON object that every parser understands in
// the same way and that Postgres can hold in columns of text and jsonb; anything else is refused with reasons, so
// that nothing is altered, guessed or lost on its way into the table.
//
// The reader is a scanner of its own because strictness at the speed of COPY is what the importer is for: one pass
// over the bytes, no allocation for a record that is accepted. The package jsontext is the yardstick of its tests.
package record

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
)

// MaxReasons bounds how many reasons one record is given: enough to correct it, too few to fill a disk.
const MaxReasons = 20

// Limits bound the shape of one record. A limit below 1 counts as 1.
type Limits struct {
	// Depth is how many objects and arrays may lie within each other, the record itself counted. Postgres gives up
	// on jsonb some thousands of levels deep (SQLSTATE 54001).
	Depth int
	// Members is how many members all objects of the record may have together.
	Members int
}

// DefaultLimits are far above what records need and far below what harms.
func DefaultLimits() Limits { return Limits{Depth: 32, Members: 1000} }

// Reader reads records of one collection. It is not safe for concurrent use.
type Reader struct {
	collection string
	names      []string
	index      map[string]int
	limits     Limits

	raw     []byte
	values  []jsontext.Value
	expect  int
	members int
	faults  int
	reasons []operation.Reason
	// path holds a step for each object and array that is open at the moment.
	path []step
	// siblings are the names seen so far in the open objects within the record, innermost last.
	siblings [][]byte
}

// NewReader returns a reader for the records of c.
func NewReader(c *collection.Collection, limits Limits) *Reader {
	limits = Limits{Depth: max(limits.Depth, 1), Members: max(limits.Members, 1)}
	r := &Reader{
		collection: c.Name,
		names:      make([]string, len(c.Properties)),
		index:      make(map[string]int, len(c.Properties)),
		limits:     limits,
		values:     make([]jsontext.Value, len(c.Properties)),
		path:       make([]step, 0, limits.Depth),
	}
	for i, property := range c.Properties {
		r.names[i] = property.Name
		r.index[property.Name] = i
	}
	return r
}

// Read returns the value of each declared member as it stands in raw, in the order of the collection's properties and
// nil where the record has none. They are valid until the next call and as long as raw is. If the record cannot be
// taken, there are no values, but up to MaxReasons reasons.
func (r *Reader) Read(raw []byte) ([]jsontext.Value, []operation.Reason) {
	r.begin(raw)
	start := r.space(0)
	switch c := r.at(start); {
	case c == '{':
		if end := r.value(start); end != stop {
			r.expectEnd(r.space(end))
		}
	case start == len(raw):
		r.malformed(start)
	default:
		r.notAnObject(c)
	}
	if r.reasons != nil {
		return nil, r.reasons
	}
	return r.values, nil
}

func (r *Reader) begin(raw []byte) {
	r.raw = raw
	r.expect, r.members, r.faults = 0, 0, 0
	r.reasons = nil
	r.path = r.path[:0]
	r.siblings = r.siblings[:0]
	clear(r.values)
}

func (r *Reader) expectEnd(pos int) {
	if pos != len(r.raw) {
		r.malformed(pos)
	}
}

// place keeps the value of a member of the record itself. Members mostly come in the declared order, so the one
// after the last is tried before the map.
func (r *Reader) place(name []byte, value jsontext.Value) {
	i, declared := r.expect, true
	if i >= len(r.names) || string(name) != r.names[i] {
		i, declared = r.index[string(name)]
	}
	switch {
	case !declared:
		r.unknown(name)
	case r.values[i] != nil:
		r.duplicate(name)
	default:
		r.values[i] = value
		r.expect = i + 1
	}
}
