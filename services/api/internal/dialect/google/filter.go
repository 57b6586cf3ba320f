package google

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// filter is what a list may hold.
type filter struct {
	store.Filter
	// nothing tells that no operation can be what was asked for, such as done and running.
	nothing bool
}

// The part of AIP-160 that is understood: comparisons joined with AND. A value is a word or stands in double quotes, in which a backslash
// makes the next character literal.
var (
	comparison = regexp.MustCompile(`^\s*([A-Za-z_]+(?:\.[A-Za-z0-9._/-]+)?)\s*(=|>=|<=|>|<)\s*("(?:[^"\\]|\\.)*"|[^\s"]+)`)
	and        = regexp.MustCompile(`^\s+AND\s`)
	escape     = regexp.MustCompile(`\\(.)`)
)

// maxFilter bounds a filter, in bytes.
const maxFilter = 2048

func parseFilter(text string) (filter, error) {
	var f filter
	if len(text) > maxFilter || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return f, badFilter(text)
	}
	for rest := strings.TrimSpace(text); rest != ""; {
		match := comparison.FindStringSubmatch(rest)
		if len(match) == 0 || !f.compare(match[1], match[2], unquote(match[3])) {
			return f, badFilter(rest)
		}
		rest = rest[len(match[0]):]
		if strings.TrimSpace(rest) == "" {
			break
		}
		joint := and.FindString(rest)
		if joint == "" || strings.TrimSpace(rest[len(joint):]) == "" {
			return f, badFilter(rest)
		}
		rest = rest[len(joint):]
	}
	return f, nil
}

func unquote(value string) string {
	if !strings.HasPrefix(value, `"`) {
		return value
	}
	return escape.ReplaceAllString(value[1:len(value)-1], "$1")
}

// compare adds one comparison and reports whether it is one that is known.
func (f *filter) compare(field, operator, value string) bool {
	field = strings.TrimPrefix(field, "metadata.")
	if label, ok := strings.CutPrefix(field, "labels."); ok {
		return operator == "=" && f.label(label, value)
	}
	if field == "createTime" || field == "create_time" {
		return f.created(operator, value)
	}
	if operator != "=" {
		return false
	}
	switch field {
	case "kind":
		return f.only((*string)(&f.Kind), value)
	case "collection":
		return f.only(&f.Collection, value)
	case "done":
		f.states(func(s operation.State) bool { return s.Terminal() == (value == "true") })
		return value == "true" || value == "false"
	case "state":
		f.states(func(s operation.State) bool { return Word(s) == value })
		return slices.ContainsFunc(operation.States(), func(s operation.State) bool { return value != "" && Word(s) == value })
	default:
		return false
	}
}

// only wants a member to have a value, and nothing at all if it should have two.
func (f *filter) only(member *string, value string) bool {
	f.nothing = f.nothing || *member != "" && *member != value
	*member = value
	return value != ""
}

// states leaves those that hold of the states that were left.
func (f *filter) states(hold func(operation.State) bool) {
	left := f.States
	if left == nil {
		left = operation.States()
	}
	f.States = slices.DeleteFunc(slices.Clone(left), func(s operation.State) bool { return !hold(s) })
	f.nothing = f.nothing || len(f.States) == 0
}

func (f *filter) label(name, value string) bool {
	if _, _, err := submission.ParseLabel(name + "=" + value); err != nil {
		return false
	}
	if f.Labels == nil {
		f.Labels = make(map[string]string)
	}
	other, twice := f.Labels[name]
	f.nothing = f.nothing || twice && other != value
	f.Labels[name] = value
	return true
}

// created narrows the time of creation. The database counts microseconds.
func (f *filter) created(operator, value string) bool {
	t, ok := monitor.ParseTime(value)
	if !ok || t.Year() < 1970 {
		return false
	}
	next := t.Truncate(time.Microsecond).Add(time.Microsecond)
	same := t.Add(time.Microsecond - 1).Truncate(time.Microsecond)
	switch operator {
	case ">":
		f.from(next)
	case ">=":
		f.from(same)
	case "<":
		f.before(same)
	case "<=":
		f.before(next)
	default:
		return false
	}
	return true
}

func (f *filter) from(t time.Time) {
	if t.After(f.CreatedFrom) {
		f.CreatedFrom = t
	}
}

func (f *filter) before(t time.Time) {
	if f.CreatedBefore.IsZero() || t.Before(f.CreatedBefore) {
		f.CreatedBefore = t
	}
}

func badFilter(at string) error {
	return fault.New(fault.Malformed, "invalid-filter",
		`The filter can't be read. It is made of comparisons such as kind="import", collection="tools", done=true, state=RUNNING, `+
			`labels.team="data", createTime>="2026-01-31T12:00:00Z", with AND between them.`).
		With("parameter", "filter").With("at", strings.ToValidUTF8(at[:min(len(at), 100)], "\uFFFD"))
}
