// Package record parses one record strictly. It accepts a JSON object only if all parsers interpret
// it in the same way and Postgres can store it in columns of text and jsonb. It rejects any other
// record with reasons, so that importing never alters, guesses or loses data.
//
// The package has its own scanner, because a strict check must not slow down COPY: it reads the
// bytes once and does not allocate for a valid record. The tests compare it with package jsontext.
package record

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
)

// MaxReasons limits the reasons of one record: enough to correct it, too few to fill a disk.
const MaxReasons = 20

// Limits restrict the structure of one record. A limit below 1 is treated as 1.
type Limits struct {
	// Depth is the maximum nesting of objects and arrays, including the record itself. Postgres
	// rejects jsonb that is nested some thousands of levels deep (SQLSTATE 54001).
	Depth int
	// Members is the maximum number of members of one object, the record itself or one within it.
	Members int
}

// DefaultLimits returns limits that no ordinary record reaches and that are harmless.
func DefaultLimits() Limits { return Limits{Depth: 32, Members: 10_000} }

// Reader reads records of one collection. It is not safe for concurrent use.
type Reader struct {
	collection string
	names      []string
	index      map[string]int
	limits     Limits

	raw    []byte
	values []jsontext.Value
	// expected is the index of the member that follows the last one in the declared order.
	expected int
	defects  int
	reasons  []operation.Reason
	// unknown says what happens to undeclared members of the record itself: their values are collected in others
	// if storedIn is the index of the member that gets them, and hasOthers reports whether there are any.
	unknown   collection.UnknownMembers
	storedIn  int
	others    []byte
	otherSeen map[string]struct{}
	hasOthers bool
	declared  []byte
	// sources finds the values that lookups use; nil if the collection has no lookups.
	sources *sources
	// path contains a step for each open object and array.
	path []step
	// siblings are the names read so far of the open objects within the record, innermost last.
	siblings [][]byte
}

// NewReader returns a reader for the records of c.
func NewReader(c *collection.Collection, limits Limits) *Reader {
	return NewReaderFor(c, limits, c.Writing.Unknown)
}

// NewReaderFor is NewReader for an import that says itself what happens to members that c does not declare.
func NewReaderFor(c *collection.Collection, limits Limits, unknown collection.UnknownMembers) *Reader {
	limits = Limits{Depth: max(limits.Depth, 1), Members: max(limits.Members, 1)}
	r := &Reader{
		collection: c.Name,
		names:      make([]string, len(c.Properties)),
		index:      make(map[string]int, len(c.Properties)),
		limits:     limits,
		values:     make([]jsontext.Value, len(c.Properties)),
		path:       make([]step, 0, limits.Depth),
		unknown:    unknown,
		storedIn:   -1,
		otherSeen:  make(map[string]struct{}),
	}
	for i, property := range c.Properties {
		r.names[i] = property.Name
		r.index[property.Name] = i
		if property.Name == unknown.StoredIn() {
			r.storedIn = i
		}
	}
	r.sources = newSources(c, r.index)
	return r
}

// Read returns the unchanged bytes of each declared member's value, in the order of the
// collection's properties; nil for an absent member. The values share the memory of raw and are
// valid until the next call. If the record is invalid, Read returns no values and up to MaxReasons
// reasons.
func (r *Reader) Read(raw []byte) ([]jsontext.Value, []operation.Reason) {
	r.reset(raw)
	start := r.skipSpace(0)
	switch c := r.byteAt(start); {
	case c == '{':
		if end := r.value(start); end != stop {
			r.expectEnd(r.skipSpace(end))
		}
	case start == len(raw):
		r.malformed(start)
	default:
		r.notAnObject(c)
	}
	r.storeOthers()
	if r.reasons != nil {
		return nil, r.reasons
	}
	return r.values, nil
}

func (r *Reader) reset(raw []byte) {
	r.raw = raw
	r.expected, r.defects = 0, 0
	r.reasons = nil
	r.path = r.path[:0]
	r.siblings = r.siblings[:0]
	clear(r.values)
	if r.sources != nil {
		r.sources.reset()
	}
	r.resetOthers()
}

func (r *Reader) expectEnd(pos int) {
	if pos != len(r.raw) {
		r.malformed(pos)
	}
}

// setValue stores the value of a member of the record itself. Most records have their members in
// the declared order, so the member after the last one is tried before the map.
func (r *Reader) setValue(name []byte, value jsontext.Value) {
	i, declared := r.expected, true
	if i >= len(r.names) || string(name) != r.names[i] {
		i, declared = r.index[string(name)]
	}
	switch {
	case !declared:
		if !r.source(name, value, false) {
			r.other(name, name, value)
		}
	case r.values[i] != nil:
		r.duplicate(name)
	default:
		r.values[i] = value
		r.expected = i + 1
		r.source(name, value, true)
	}
}
