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

// filter selects the operations of a list.
type filter struct {
	store.Filter
	// empty is true if the conditions contradict each other, such as done and running, so that no
	// operation matches.
	empty bool
}

// The supported part of AIP-160: comparisons joined with AND. A value is a word, or a text in
// double quotes in which a backslash makes the next character literal.
var (
	comparison = regexp.MustCompile(`^\s*([A-Za-z_]+(?:\.[A-Za-z0-9._/-]+)?)\s*(=|>=|<=|>|<)\s*("(?:[^"\\]|\\.)*"|[^\s"]+)`)
	and        = regexp.MustCompile(`^\s+AND\s`)
	escape     = regexp.MustCompile(`\\(.)`)
)

// maxFilter limits the size of a filter in bytes.
const maxFilter = 2048

// parseFilter parses a filter. The error is a fault of kind Malformed.
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
		conjunction := and.FindString(rest)
		if conjunction == "" || strings.TrimSpace(rest[len(conjunction):]) == "" {
			return f, badFilter(rest)
		}
		rest = rest[len(conjunction):]
	}
	return f, nil
}

func unquote(value string) string {
	if !strings.HasPrefix(value, `"`) {
		return value
	}
	return escape.ReplaceAllString(value[1:len(value)-1], "$1")
}

// compare adds one comparison, and reports whether it is supported and valid.
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
		return f.require((*string)(&f.Kind), value)
	case "collection":
		return f.require(&f.Collection, value)
	case "done":
		f.keepStates(func(s operation.State) bool { return s.Terminal() == (value == "true") })
		return value == "true" || value == "false"
	case "state":
		f.keepStates(func(s operation.State) bool { return Word(s) == value })
		return slices.ContainsFunc(operation.States(), func(s operation.State) bool { return value != "" && Word(s) == value })
	default:
		return false
	}
}

// require requires a value of a member. Two different values contradict each other.
func (f *filter) require(member *string, value string) bool {
	f.empty = f.empty || *member != "" && *member != value
	*member = value
	return value != ""
}

// keepStates removes the states that do not match from those that matched so far.
func (f *filter) keepStates(match func(operation.State) bool) {
	states := f.States
	if states == nil {
		states = operation.States()
	}
	f.States = slices.DeleteFunc(slices.Clone(states), func(s operation.State) bool { return !match(s) })
	f.empty = f.empty || len(f.States) == 0
}

func (f *filter) label(name, value string) bool {
	if _, _, err := submission.ParseLabel(name + "=" + value); err != nil {
		return false
	}
	if f.Labels == nil {
		f.Labels = make(map[string]string)
	}
	other, repeated := f.Labels[name]
	f.empty = f.empty || repeated && other != value
	f.Labels[name] = value
	return true
}

// created compares the time of creation. The database stores microseconds.
func (f *filter) created(operator, value string) bool {
	t, ok := monitor.ParseTime(value)
	if !ok || t.Year() < 1970 {
		return false
	}
	following := t.Truncate(time.Microsecond).Add(time.Microsecond)
	notBefore := t.Add(time.Microsecond - 1).Truncate(time.Microsecond)
	switch operator {
	case ">":
		f.from(following)
	case ">=":
		f.from(notBefore)
	case "<":
		f.before(notBefore)
	case "<=":
		f.before(following)
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

func badFilter(rest string) error {
	return fault.New(fault.Malformed, "invalid-filter",
		`The filter can't be read. It is made of comparisons such as kind="import", collection="tools", done=true, state=RUNNING, `+
			`labels.team="data", createTime>="2026-01-31T12:00:00Z", with AND between them.`).
		With("parameter", "filter").With("at", strings.ToValidUTF8(rest[:min(len(rest), 100)], "\uFFFD"))
}
