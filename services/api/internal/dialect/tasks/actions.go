package tasks

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/longshore-io/longshore/pkg/fault"
)

// actions are what a GET requests besides the status.
type actions struct {
	cancel, prune bool
}

// readActions parses cancel and prune. A HEAD changes nothing. A GET with an action is rejected unless
// checkIntent accepts it.
func (d *Dialect) readActions(r *http.Request) (actions, error) {
	query := r.URL.Query()
	var a actions
	var err error
	if a.cancel, err = readFlag(query, "cancel"); err != nil {
		return actions{}, err
	}
	if a.prune, err = readFlag(query, "prune"); err != nil {
		return actions{}, err
	}
	switch {
	case r.Method != http.MethodGet:
		return actions{}, nil
	case a == actions{}:
		return a, nil
	case !d.ChangesByGet:
		return actions{}, fault.New(fault.Conflict, "changes-by-get-off",
			"The task was not changed, because this service changes nothing by GET. Send DELETE to cancel or delete the task.")
	}
	return a, checkIntent(r)
}

// readFlag parses a boolean parameter, case-insensitively; absent means false.
func readFlag(query url.Values, name string) (bool, error) {
	values, given := query[name]
	switch {
	case !given:
		return false, nil
	case len(values) == 1 && strings.EqualFold(values[0], "true"):
		return true, nil
	case len(values) == 1 && strings.EqualFold(values[0], "false"):
		return false, nil
	}
	return false, invalid(name, "must be true or false, once.")
}

func invalid(name, must string) error {
	return fault.New(fault.Malformed, "invalid-parameter", "%s %s", name, must).With("parameter", name)
}
