package logging

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
)

// quoting are the SQLSTATE classes whose messages quote what a client has sent: data exceptions, and what a trigger of a table says.
var quoting = []string{"22", "P0"}

// refusal is an error of Postgres'.
type refusal interface {
	error
	SQLState() string
}

// withoutValues takes what Postgres quotes out of an error; its code stays, and all that we say around it.
func withoutValues(a slog.Attr) slog.Attr {
	err, ok := a.Value.Any().(error)
	if !ok {
		return a
	}
	from, ok := errors.AsType[refusal](err)
	if !ok || !slices.ContainsFunc(quoting, func(class string) bool { return strings.HasPrefix(from.SQLState(), class) }) {
		return a
	}
	_, message, _ := strings.Cut(strings.TrimSuffix(from.Error(), " (SQLSTATE "+from.SQLState()+")"), ": ")
	if message == "" {
		message = from.Error()
	}
	return slog.String(a.Key, strings.ReplaceAll(err.Error(), message, "(what it says may quote data)"))
}
