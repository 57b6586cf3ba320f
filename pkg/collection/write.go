package collection

import (
	"cmp"
	"fmt"
	"slices"
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

// Writing is how records are written, of a collection or of a request. Its JSON form can be stored.
type Writing struct {
	// Mode and OnExisting are empty if nothing is said.
	Mode       WriteMode  `json:"write,omitempty"`
	OnExisting OnExisting `json:"onExisting,omitempty"`
}

// defaultWriting applies to a collection that says nothing.
var defaultWriting = Writing{Mode: Replace, OnExisting: RejectExisting}

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

// ParseWriting parses the two settings, each of which may be empty. prefix precedes their names in the
// error.
func ParseWriting(prefix, write, onExisting string) (w Writing, err error) {
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
	return w, nil
}

// Over returns the effective settings of a request over those of its collection. It returns an error
// if the request sets onExisting in a mode that has no use for it.
func (w Writing) Over(c Writing) (Writing, error) {
	effective := Writing{Mode: cmp.Or(w.Mode, c.Mode), OnExisting: cmp.Or(w.OnExisting, c.OnExisting)}
	if w.OnExisting != "" && effective.Mode != Insert {
		return Writing{}, fmt.Errorf("onExisting needs write=insert, but the records are written by %s: leave onExisting out, or add write=insert", effective.Mode)
	}
	return effective, nil
}

// writing returns how the records of the collection are written.
func (d *document) writing() (Writing, error) {
	w, err := ParseWriting("x-longshore.", d.Longshore.Write, d.Longshore.OnExisting)
	if err != nil {
		return Writing{}, err
	}
	return Writing{Mode: cmp.Or(w.Mode, defaultWriting.Mode), OnExisting: cmp.Or(w.OnExisting, defaultWriting.OnExisting)}, nil
}
