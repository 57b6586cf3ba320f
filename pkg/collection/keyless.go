package collection

import (
	"errors"
	"fmt"
	"slices"

	"github.com/longshore-io/longshore/pkg/fault"
)

// checkKeyless returns an error for a collection without a key that could do more than append records.
func (c *Collection) checkKeyless() error {
	switch {
	case len(c.Key) > 0:
		return nil
	case c.Writing.Mode != Insert || c.Ordering != Unordered:
		return errors.New(`x-longshore.key must name at least one member; it may be left out only with "write": "insert" and "ordering": "none",` +
			" which append each record as a new row")
	case c.Writing.OnExisting == SkipExisting:
		return errors.New("x-longshore.onExisting needs x-longshore.key: without a key no record exists already")
	case slices.Contains(c.Verbs, Search) || slices.Contains(c.Verbs, Export):
		return errors.New("x-longshore.verbs can name only import: searches and exports read records in the order of x-longshore.key, which is missing")
	}
	return nil
}

// requireKey returns a fault of kind Conflict if the verb needs a key and the collection has none.
func (c *Collection) requireKey(v Verb) error {
	if len(c.Key) > 0 || v == Import {
		return nil
	}
	return fault.New(fault.Conflict, "no-key", "The collection %q has no key, in whose order %s reads records: it takes imports only.", c.Name, v)
}

// checkKeylessRequest returns an error if a request wants more of a collection without a key than to append records.
func (c *Collection) checkKeylessRequest(w Writing) error {
	if len(c.Key) > 0 || w.Mode == Insert && w.OnExisting != SkipExisting {
		return nil
	}
	return fmt.Errorf("the collection %q has no key, by which existing records could be found: leave out write and onExisting, so that each record is appended", c.Name)
}
