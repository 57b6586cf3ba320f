package collection

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// WriteMode says what a record does to the row with its key.
type WriteMode string

const (
	// Replace writes the whole row: a member that is absent gets the default of its column, or NULL.
	Replace WriteMode = "replace"
	// Merge writes the members that are present into the existing row. Without one it creates the row,
	// and absent members get their defaults.
	Merge WriteMode = "merge"
	// Insert creates rows. OnExisting says what happens to a record whose key exists.
	Insert WriteMode = "insert"
	// Update is Merge that creates no rows: a record whose key does not exist is rejected.
	Update WriteMode = "update"
	// Delete deletes the row. Only the members of the key are read.
	Delete WriteMode = "delete"
)

var writeModes = []WriteMode{Replace, Merge, Insert, Update, Delete}

// Creates reports whether the mode can create rows.
func (m WriteMode) Creates() bool { return m != Update && m != Delete }

// OnExisting says what Insert does with a record whose key exists.
type OnExisting string

const (
	// RejectExisting rejects the record.
	RejectExisting OnExisting = "reject"
	// SkipExisting leaves the row as it is and does not count the record as failed.
	SkipExisting OnExisting = "skip"
)

// UnknownMembers says what happens to the members of a record that the collection does not declare: RejectUnknown,
// IgnoreUnknown, or storeUnknown followed by the declared member that gets them all as an object.
type UnknownMembers string

const (
	// RejectUnknown rejects the record.
	RejectUnknown UnknownMembers = "reject"
	// IgnoreUnknown leaves the members out.
	IgnoreUnknown UnknownMembers = "ignore"
)

// storeUnknown precedes the member that gets the undeclared ones.
const storeUnknown = "store:"

// StoredIn returns the member that gets the undeclared members; empty if none does.
func (u UnknownMembers) StoredIn() string {
	member, stored := strings.CutPrefix(string(u), storeUnknown)
	if !stored {
		return ""
	}
	return member
}

// Writing is how records are written, of a collection or of a request. Its JSON form can be stored.
type Writing struct {
	// Each is empty if nothing is said.
	Mode       WriteMode      `json:"write,omitempty"`
	OnExisting OnExisting     `json:"onExisting,omitempty"`
	Unknown    UnknownMembers `json:"unknownMembers,omitempty"`
}

// defaultWriting applies to a collection that says nothing.
var defaultWriting = Writing{Mode: Replace, OnExisting: RejectExisting, Unknown: RejectUnknown}

// ParseWriteMode parses the name of a write mode. The error lists the names; it lacks the name of the
// parameter.
func ParseWriteMode(text string) (WriteMode, error) {
	if m := WriteMode(text); slices.Contains(writeModes, m) {
		return m, nil
	}
	return "", fmt.Errorf("must be replace, merge, insert, update or delete, not %q", text)
}

// ParseOnExisting parses what happens to a record whose key exists. The error lists the words; it
// lacks the name of the parameter.
func ParseOnExisting(text string) (OnExisting, error) {
	switch o := OnExisting(text); o {
	case RejectExisting, SkipExisting:
		return o, nil
	}
	return "", fmt.Errorf("must be reject or skip, not %q", text)
}

// ParseUnknown parses what happens to undeclared members. The error lists the words; it lacks the name of
// the parameter.
func ParseUnknown(text string) (UnknownMembers, error) {
	u := UnknownMembers(text)
	if u == RejectUnknown || u == IgnoreUnknown || u.StoredIn() != "" {
		return u, nil
	}
	return "", fmt.Errorf("must be reject, ignore or store: followed by a member, not %q", text)
}

// ParseWriting parses the settings, each of which may be empty. prefix precedes their names in the
// error.
func ParseWriting(prefix, write, onExisting, unknown string) (w Writing, err error) {
	if write != "" {
		if w.Mode, err = ParseWriteMode(write); err != nil {
			return Writing{}, fmt.Errorf("%swrite %w", prefix, err)
		}
	}
	if onExisting != "" {
		if w.OnExisting, err = ParseOnExisting(onExisting); err != nil {
			return Writing{}, fmt.Errorf("%sonExisting %w", prefix, err)
		}
	}
	if unknown != "" {
		if w.Unknown, err = ParseUnknown(unknown); err != nil {
			return Writing{}, fmt.Errorf("%sunknownMembers %w", prefix, err)
		}
	}
	return w, nil
}

// Over returns the effective settings of a request over those of its collection. It returns an error
// if the request sets onExisting in a mode that has no use for it.
func (w Writing) Over(c Writing) (Writing, error) {
	effective := Writing{Mode: cmp.Or(w.Mode, c.Mode), OnExisting: cmp.Or(w.OnExisting, c.OnExisting), Unknown: cmp.Or(w.Unknown, c.Unknown)}
	if w.OnExisting != "" && effective.Mode != Insert {
		return Writing{}, fmt.Errorf("onExisting needs write=insert, but the records are written by %s: leave onExisting out, or add write=insert", effective.Mode)
	}
	return effective, nil
}

// writing returns how the records of the collection are written.
func (d *document) writing() (Writing, error) {
	w, err := ParseWriting("x-longshore.", d.Longshore.Write, d.Longshore.OnExisting, d.Longshore.UnknownMembers)
	if err != nil {
		return Writing{}, err
	}
	unknown := defaultWriting.Unknown
	if d.open() {
		unknown = IgnoreUnknown
	}
	return Writing{
		Mode: cmp.Or(w.Mode, defaultWriting.Mode), OnExisting: cmp.Or(w.OnExisting, defaultWriting.OnExisting), Unknown: cmp.Or(w.Unknown, unknown),
	}, nil
}

// open reports whether the schema says that it allows undeclared members: additionalProperties is there and not
// false.
func (d *document) open() bool {
	text := string(bytes.TrimSpace(d.AdditionalProperties))
	return text != "" && text != "false"
}

// WritingFor returns how the records of an import are written: as the request says, and otherwise as the collection
// says. It returns an error if the settings contradict each other, or if undeclared members are to be stored in a
// member that the collection does not declare.
func (c *Collection) WritingFor(request Writing) (Writing, error) {
	effective, err := request.Over(c.Writing)
	if err == nil && request != (Writing{}) {
		err = c.checkKeylessRequest(effective)
	}
	if err != nil {
		return Writing{}, err
	}
	member := effective.Unknown.StoredIn()
	switch {
	case member != "" && !c.declares(member):
		return Writing{}, fmt.Errorf("unknownMembers names the member %q, which the collection %q does not declare", member, c.Name)
	case slices.ContainsFunc(c.Lookups, func(l Lookup) bool { return l.Member == member }):
		return Writing{}, fmt.Errorf("unknownMembers names the member %q, which the collection %q fills by a lookup", member, c.Name)
	}
	return effective, nil
}

func (c *Collection) declares(member string) bool {
	return slices.ContainsFunc(c.Properties, func(p Property) bool { return p.Name == member })
}
