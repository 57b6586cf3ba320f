package record

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/collection"
)

// other handles a member that the collection does not declare. If it is one of an object that lookups use, its path
// has the names of both.
func (r *Reader) other(name, path []byte, value jsontext.Value) {
	if r.unknown != collection.IgnoreUnknown && r.storedIn < 0 {
		r.undeclared(name)
		return
	}
	r.hasOthers = true
	if !r.seenBefore(name, path) && r.storedIn >= 0 {
		r.others = appendMember(r.others, path, value)
	}
}

// seenBefore rejects an undeclared member whose path occurred before.
func (r *Reader) seenBefore(name, path []byte) bool {
	_, seen := r.otherSeen[string(path)]
	if seen {
		r.duplicate(name)
	}
	r.otherSeen[string(path)] = struct{}{}
	return seen
}

// storeOthers makes the undeclared members of the record the value of the member that gets them. A record that has
// this member too is rejected.
func (r *Reader) storeOthers() {
	if len(r.others) == 0 || r.reasons != nil {
		return
	}
	if r.values[r.storedIn] != nil {
		r.reject(wholeRecord, UnknownMember, "has members that the collection does not declare, and the member %q, in which they would be stored", r.names[r.storedIn])
		return
	}
	r.others = append(r.others, '}')
	r.values[r.storedIn] = r.others
}

func (r *Reader) resetOthers() {
	r.hasOthers, r.others = false, r.others[:0]
	clear(r.otherSeen)
}

// HasOthers reports whether the record that was read last has members that the collection does not declare and that
// are ignored or stored in another member.
func (r *Reader) HasOthers() bool { return r.hasOthers }

// Declared returns the record that was read last as an object of its declared members, one of which may contain
// the others, without those that lookups use. It is valid until the next call of Read.
func (r *Reader) Declared() []byte {
	if !r.hasOthers && !(r.sources != nil && r.sources.taken) {
		return r.raw
	}
	r.declared = r.declared[:0]
	for i, value := range r.values {
		if value != nil {
			r.declared = appendMember(r.declared, []byte(r.names[i]), value)
		}
	}
	if len(r.declared) == 0 {
		r.declared = append(r.declared, '{')
	}
	r.declared = append(r.declared, '}')
	return r.declared
}

// appendMember appends a member to an object that is not closed yet.
func appendMember(object, name, value []byte) []byte {
	separator := byte('{')
	if len(object) > 0 {
		separator = ','
	}
	object = append(object, separator)
	object, err := jsontext.AppendQuote(object, name)
	if err != nil { // the scanner has checked the name
		object = append(object, `""`...)
	}
	return append(append(object, ':'), bytes.TrimSpace(value)...)
}
