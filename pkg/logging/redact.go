package logging

import (
	"log/slog"
	"slices"
	"strings"
)

// quotingClasses are the SQLSTATE classes whose messages may quote data of a client: data exceptions,
// and the messages of triggers on a table.
var quotingClasses = []string{"22", "P0"}

// redacted replaces a message that may quote data.
const redacted = "(message omitted: it may quote data)"

// postgresError is an error that Postgres has returned.
type postgresError interface {
	error
	SQLState() string
}

// redact replaces the messages of Postgres in an error if they may quote data. The SQLSTATE and the
// rest of the error's text stay.
func redact(a slog.Attr) slog.Attr {
	err, ok := a.Value.Any().(error)
	if !ok {
		return a
	}
	text, changed := err.Error(), false
	for _, cause := range postgresErrors(err) {
		if mayQuote(cause) {
			text, changed = strings.ReplaceAll(text, messageOf(cause), redacted), true
		}
	}
	if !changed {
		return a
	}
	return slog.String(a.Key, text)
}

// postgresErrors returns all errors of Postgres in an error's tree.
func postgresErrors(err error) []postgresError {
	if cause, ok := err.(postgresError); ok { //nolint:errorlint // the tree is walked here
		return []postgresError{cause}
	}
	switch wrapper := err.(type) { //nolint:errorlint // the tree is walked here
	case interface{ Unwrap() error }:
		if inner := wrapper.Unwrap(); inner != nil {
			return postgresErrors(inner)
		}
	case interface{ Unwrap() []error }:
		var all []postgresError
		for _, inner := range wrapper.Unwrap() {
			all = append(all, postgresErrors(inner)...)
		}
		return all
	}
	return nil
}

func mayQuote(err postgresError) bool {
	return slices.ContainsFunc(quotingClasses, func(class string) bool { return strings.HasPrefix(err.SQLState(), class) })
}

// messageOf returns the message of Postgres without its severity and its SQLSTATE.
func messageOf(err postgresError) string {
	_, message, _ := strings.Cut(strings.TrimSuffix(err.Error(), " (SQLSTATE "+err.SQLState()+")"), ": ")
	if message == "" {
		return err.Error()
	}
	return message
}
