package collection

import (
	"fmt"
	"slices"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Verb is something that clients can do with a collection.
type Verb string

// The verbs. A collection is open to all of them unless its member "verbs" names some.
const (
	Import Verb = "import"
	Search Verb = "search"
	Export Verb = "export"
)

// verbs are all verbs.
var verbs = []Verb{Import, Search, Export}

// Require returns a fault of kind Forbidden if the collection is not open to the verb, and one of kind Conflict if it
// lacks the key that the verb needs.
func (c *Collection) Require(v Verb) error {
	if err := c.requireKey(v); err != nil {
		return err
	}
	if len(c.Verbs) == 0 || slices.Contains(c.Verbs, v) {
		return nil
	}
	return fault.New(fault.Forbidden, "verb-not-open", "The collection %q is not open to %s, only to %s.", c.Name, v, join(c.Verbs)).
		With("verbs", c.Verbs)
}

func join(verbs []Verb) (list string) {
	for i, v := range verbs {
		if i > 0 {
			list += ", "
		}
		list += string(v)
	}
	return list
}

// checkVerbs returns an error for verbs that do not exist, and for a list without any.
func (c *Collection) checkVerbs() error {
	if c.Verbs != nil && len(c.Verbs) == 0 {
		return fmt.Errorf("x-longshore.verbs must name at least one of %s", join(verbs))
	}
	for _, v := range c.Verbs {
		if !slices.Contains(verbs, v) {
			return fmt.Errorf("x-longshore.verbs names %q; the verbs are %s", v, join(verbs))
		}
	}
	return nil
}
