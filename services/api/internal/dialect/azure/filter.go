package azure

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// parameter is a query parameter of the list.
type parameter struct {
	name string
	// want completes the sentence "name must be …".
	want string
	// repeatable parameters may occur more than once.
	repeatable bool
	// read adds a value to the filter, and reports whether the value is valid.
	read func(f *store.Filter, value string) bool
}

var parameters = []parameter{
	{name: "kind", want: "import, search or report", read: readKind},
	{name: "collection", want: "the name of a collection", read: readCollection},
	{name: "status", want: "NotStarted, Running, Succeeded, Failed or Canceled, or several of them with commas between", repeatable: true, read: readStatus},
	{name: "createdAfter", want: "a time such as 2026-01-31T12:00:00Z (RFC 3339)", read: readCreatedAfter},
	{name: "createdBefore", want: "a time such as 2026-01-31T12:00:00Z (RFC 3339)", read: readCreatedBefore},
	{name: "label", want: "name=value, and no two of them with the same name", repeatable: true, read: readLabel},
	{name: "maxpagesize", want: "a whole number of at least 1", read: readPageSize},
	{name: "cursor", want: "the one of a nextLink", read: func(_ *store.Filter, value string) bool { return value != "" }},
}

// listQuery returns the parameters of the list.
func listQuery() (query edge.Parameters) {
	for _, p := range parameters {
		if p.repeatable {
			query.Repeated = append(query.Repeated, p.name)
		} else {
			query.Once = append(query.Once, p.name)
		}
	}
	return query
}

func readFilter(query url.Values) (store.Filter, error) {
	filter := store.Filter{Limit: defaultPageSize}
	for _, p := range parameters {
		for _, value := range query[p.name] {
			if !p.read(&filter, value) {
				return filter, fault.New(fault.Malformed, "invalid-parameter", "%s must be %s.", p.name, p.want).With("parameter", p.name)
			}
		}
	}
	return filter, nil
}

func readKind(f *store.Filter, value string) bool {
	f.Kind = operation.Kind(value)
	return slices.Contains(operation.Kinds(), f.Kind)
}

func readCollection(f *store.Filter, value string) bool {
	f.Collection = value
	return value != "" && utf8.ValidString(value) && !strings.ContainsRune(value, 0)
}

// readStatus reads statuses separated by commas. One status may stand for several states.
func readStatus(f *store.Filter, value string) bool {
	for part := range strings.SplitSeq(value, ",") {
		word, valid := strings.TrimSpace(part), false
		for _, state := range operation.States() {
			if word != "" && Word(state) == word { // an operation that is still receiving has no word
				valid = true
				f.States = append(f.States, state)
			}
		}
		if !valid {
			return false
		}
	}
	return true
}

// readCreatedAfter sets the earliest creation time to the microsecond after the value, because the
// database stores microseconds.
func readCreatedAfter(f *store.Filter, value string) bool {
	t, ok := monitor.ParseTime(value)
	f.CreatedFrom = t.Truncate(time.Microsecond).Add(time.Microsecond)
	return ok
}

func readCreatedBefore(f *store.Filter, value string) bool {
	t, ok := monitor.ParseTime(value)
	f.CreatedBefore = t.Add(time.Microsecond - 1).Truncate(time.Microsecond)
	return ok && !f.CreatedBefore.IsZero()
}

func readLabel(f *store.Filter, value string) bool {
	name, text, err := submission.ParseLabel(value)
	if _, repeated := f.Labels[name]; err != nil || repeated {
		return false
	}
	if f.Labels == nil {
		f.Labels = make(map[string]string)
	}
	f.Labels[name] = text
	return true
}

func readPageSize(f *store.Filter, value string) bool {
	n, err := strconv.ParseUint(value, 10, 64)
	f.Limit = int(min(n, maxPageSize))
	return n > 0 && (err == nil || errors.Is(err, strconv.ErrRange))
}
