package azure

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// The sizes of a page.
const (
	defaultPageSize = 50
	maxPageSize     = 1000
)

// page is a part of a list, as Azure's guidelines shape it (azure/Guidelines.md, Collections).
type page struct {
	Value []status `json:"value"`
	// NextLink is absolute, and absent on the last page.
	NextLink string `json:"nextLink,omitempty"`
}

func (d *Dialect) list(c *gin.Context) error {
	query, err := readListQuery(c.Request.URL)
	if err != nil {
		return err
	}
	filter, err := readFilter(query)
	if err != nil {
		return err
	}
	found, err := d.Monitor.Page(c.Request.Context(), filter, query.Get("cursor"))
	if err != nil {
		return err
	}
	shown := page{Value: make([]status, len(found.Operations))}
	for i, op := range found.Operations {
		shown.Value[i] = d.newStatus(c, op)
	}
	if found.Next != "" {
		query.Set("cursor", found.Next)
		shown.NextLink = d.Addresses.Absolute(c.Request, "/operations?"+query.Encode())
	}
	c.Header("Cache-Control", "no-store")
	c.PureJSON(http.StatusOK, shown)
	return nil
}

// parameter reads one value of a parameter into the filter. It reports whether the value is good.
type parameter struct {
	name string
	// wants completes the sentence "name must be …".
	wants string
	// often tells that it may be there more than once.
	often bool
	read  func(f *store.Filter, value string) bool
}

var parameters = []parameter{
	{name: "kind", wants: "import, search or report", read: readKind},
	{name: "collection", wants: "the name of a collection", read: readCollection},
	{name: "status", wants: "NotStarted, Running, Succeeded, Failed or Canceled, or several of them with commas between", often: true, read: readStatus},
	{name: "createdAfter", wants: "a time such as 2026-01-31T12:00:00Z (RFC 3339)", read: readCreatedAfter},
	{name: "createdBefore", wants: "a time such as 2026-01-31T12:00:00Z (RFC 3339)", read: readCreatedBefore},
	{name: "label", wants: "name=value, and no two of them with the same name", often: true, read: readLabel},
	{name: "maxpagesize", wants: "a whole number of at least 1", read: readPageSize},
	{name: "cursor", wants: "the one of a nextLink", read: func(_ *store.Filter, value string) bool { return value != "" }},
	{name: "api-version", wants: "anything", read: func(*store.Filter, string) bool { return true }}, // Azure's clients send it
}

// readListQuery refuses what would be ignored otherwise: a filter that is misspelt must not list everything.
func readListQuery(address *url.URL) (url.Values, error) {
	query, err := url.ParseQuery(address.RawQuery)
	if err != nil {
		return nil, fault.New(fault.Malformed, "invalid-parameter", "The query of the address can't be read: a percent sign begins no escape in it.")
	}
	for name, values := range query {
		i := slices.IndexFunc(parameters, func(p parameter) bool { return p.name == name })
		if i < 0 || len(values) > 1 && !parameters[i].often {
			return nil, unknownParameter(name, i >= 0)
		}
	}
	return query, nil
}

func unknownParameter(name string, twice bool) error {
	if twice {
		return fault.New(fault.Malformed, "invalid-parameter", "%s is there twice.", name).With("parameter", name)
	}
	var names []string
	for _, p := range parameters {
		names = append(names, p.name)
	}
	return fault.New(fault.Malformed, "invalid-parameter", "There is no such parameter. A list takes %s.", strings.Join(names, ", ")).
		With("parameter", name)
}

func readFilter(query url.Values) (store.Filter, error) {
	filter := store.Filter{Limit: defaultPageSize}
	for _, p := range parameters {
		for _, value := range query[p.name] {
			if !p.read(&filter, value) {
				return filter, fault.New(fault.Malformed, "invalid-parameter", "%s must be %s.", p.name, p.wants).With("parameter", p.name)
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

// readStatus takes the dialect's words; one of them may stand for several states.
func readStatus(f *store.Filter, value string) bool {
	for word := range strings.SplitSeq(value, ",") {
		known := false
		for _, state := range operation.States() {
			if word != "" && Word(state) == strings.TrimSpace(word) {
				known = true
				f.States = append(f.States, state)
			}
		}
		if !known {
			return false
		}
	}
	return true
}

// The database counts microseconds: what was created after a moment was created from the next of them on.
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
	name, wanted, err := submission.ParseLabel(value)
	if _, twice := f.Labels[name]; err != nil || twice {
		return false
	}
	if f.Labels == nil {
		f.Labels = make(map[string]string)
	}
	f.Labels[name] = wanted
	return true
}

func readPageSize(f *store.Filter, value string) bool {
	n, err := strconv.ParseUint(value, 10, 64)
	f.Limit = int(min(n, maxPageSize))
	return n > 0 && (err == nil || errors.Is(err, strconv.ErrRange))
}
