package access

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Collections are the collections that a principal may use: names, and beginnings of names that end
// with an asterisk. An asterisk alone stands for all.
type Collections []string

// collectionPattern matches names as package collection allows them, and their beginnings.
var collectionPattern = regexp.MustCompile(`^([a-z][a-z0-9_-]{0,62}\*?|\*)$`)

// ParseCollections checks the names and patterns.
func ParseCollections(patterns []string) (Collections, error) {
	for _, p := range patterns {
		if !collectionPattern.MatchString(p) {
			return nil, fmt.Errorf("%q is neither the name of a collection nor the beginning of names with * at its end", p)
		}
	}
	return Collections(patterns), nil
}

// Allow reports whether the principal may use the collection with the name.
func (c Collections) Allow(name string) bool {
	return slices.ContainsFunc(c, func(pattern string) bool { return covers(pattern, name) })
}

// AllowAll reports whether the principal may use all collections.
func (c Collections) AllowAll() bool { return slices.Contains(c, "*") }

// Within reports whether other allows every collection that c allows.
func (c Collections) Within(other Collections) bool {
	return !slices.ContainsFunc(c, func(pattern string) bool {
		return !slices.ContainsFunc(other, func(wider string) bool { return covers(wider, pattern) })
	})
}

// Split returns the names, and the beginnings of names without their asterisk. Neither is nil.
func (c Collections) Split() (names, prefixes []string) {
	names, prefixes = []string{}, []string{}
	for _, pattern := range c {
		if prefix, open := strings.CutSuffix(pattern, "*"); open {
			prefixes = append(prefixes, prefix)
		} else {
			names = append(names, pattern)
		}
	}
	return names, prefixes
}

// covers reports whether a pattern allows a name, or everything that another pattern allows.
func covers(pattern, other string) bool {
	prefix, open := strings.CutSuffix(pattern, "*")
	if !open {
		return pattern == other
	}
	return strings.HasPrefix(strings.TrimSuffix(other, "*"), prefix)
}
