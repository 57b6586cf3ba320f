package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
)

// variable is the only environment variable that the program reads.
const variable = "DATABASE_URL"

// hidden replaces a password, as in url.URL.Redacted.
const hidden = "xxxxx"

var errNoDatabase = errors.New(variable + " is not set: give the address of the database, such as postgres://user@host/longshore")

func database(environ []string) (string, error) {
	for _, pair := range environ {
		if value, found := strings.CutPrefix(pair, variable+"="); found && value != "" {
			return value, nil
		}
	}
	return "", errNoDatabase
}

// showConfig prints the configuration in the format of pkg/config, which migrations must not depend
// on.
func showConfig(environ []string, out io.Writer) error {
	databaseURL, err := database(environ)
	if err != nil {
		return err
	}
	type read struct {
		Name     string `json:"name"`
		Default  string `json:"default"`
		Required bool   `json:"required"`
		Value    string `json:"value"`
	}
	unknown := []string{}
	for _, pair := range environ {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "LONGSHORE_") {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Service   string   `json:"service"`
		Variables []read   `json:"variables"`
		Unknown   []string `json:"unknown"`
	}{"migrate", []read{{Name: variable, Required: true, Value: withoutPassword(databaseURL)}}, unknown})
}

// withoutPassword hides the password of an address. It hides the whole address if that is not a
// URL, or if it may have a password elsewhere: Postgres accepts other forms of addresses, and a
// password with an unescaped character may end up in any part of a URL. pkg/config follows the same
// rule.
func withoutPassword(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" || u.Opaque != "" || u.Fragment != "" || strings.Contains(u.Path+u.RawQuery, "@") {
		return hidden
	}
	if query, err := url.QueryUnescape(u.RawQuery); err != nil || strings.Contains(strings.ToLower(query), "password") {
		return hidden
	}
	return u.Redacted()
}
