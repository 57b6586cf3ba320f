package logging

import (
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
	text, quoted := err.Error(), false
	for _, from := range refusals(err) {
		if quotes(from) {
			text, quoted = strings.ReplaceAll(text, messageOf(from), "(what it says may quote data)"), true
		}
	}
	if !quoted {
		return a
	}
	return slog.String(a.Key, text)
}

// refusals finds every refusal by Postgres that an error has come from.
func refusals(err error) []refusal {
	if from, ok := err.(refusal); ok { //nolint:errorlint // the tree is walked here
		return []refusal{from}
	}
	switch wrapper := err.(type) { //nolint:errorlint // the tree is walked here
	case interface{ Unwrap() error }:
		if inner := wrapper.Unwrap(); inner != nil {
			return refusals(inner)
		}
	case interface{ Unwrap() []error }:
		var all []refusal
		for _, inner := range wrapper.Unwrap() {
			all = append(all, refusals(inner)...)
		}
		return all
	}
	return nil
}

func quotes(from refusal) bool {
	return slices.ContainsFunc(quoting, func(class string) bool { return strings.HasPrefix(from.SQLState(), class) })
}

// messageOf is what Postgres says, without its severity and its code.
func messageOf(from refusal) string {
	_, message, _ := strings.Cut(strings.TrimSuffix(from.Error(), " (SQLSTATE "+from.SQLState()+")"), ": ")
	if message == "" {
		return from.Error()
	}
	return message
}
