package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/migrations/grants"
)

// The environment variables that the program reads.
const (
	variable = "DATABASE_URL"
	// directVariable is the address of Postgres itself where DATABASE_URL leads to a pooler.
	directVariable = "LONGSHORE_DIRECT_DATABASE_URL"
	// poolerVariable says that DATABASE_URL leads to a pooler, unless it is noPooler.
	poolerVariable = "LONGSHORE_DB_POOLER"
	noPooler       = "none"
)

// roles returns the names of the database roles that get rights, by what they are for; none if the
// programs share the role of migrate.
func roles(environ []string) map[grants.Role]string {
	names := make(map[grants.Role]string)
	for _, role := range grants.Roles() {
		names[role] = valueOf(environ, role.Variable())
	}
	return names
}

// hidden replaces a password, as in url.URL.Redacted.
const hidden = "xxxxx"

var errNoDatabase = errors.New(variable + " is not set: give the address of the database, such as postgres://user@host/longshore")

// errPooled is returned instead of migrating through a pooler, where the lock against other migrations
// would stay with a session that other clients use.
var errPooled = errors.New(poolerVariable + " says that " + variable + " leads to a pooler: give the address of Postgres itself in " + directVariable)

// database returns the address to migrate: that of directVariable, if it is set.
func database(environ []string) (string, error) {
	if pooler := valueOf(environ, poolerVariable); pooler != "" && pooler != noPooler && valueOf(environ, directVariable) == "" {
		return "", errPooled
	}
	for _, name := range []string{directVariable, variable} {
		if value := valueOf(environ, name); value != "" {
			return value, nil
		}
	}
	return "", errNoDatabase
}

func valueOf(environ []string, name string) string {
	for _, pair := range environ {
		if value, found := strings.CutPrefix(pair, name+"="); found {
			return value
		}
	}
	return ""
}

// showConfig prints the configuration in the format of pkg/config, which migrations must not depend
// on.
func showConfig(environ []string, out io.Writer) error {
	if _, err := database(environ); err != nil {
		return err
	}
	type read struct {
		Name     string `json:"name"`
		Default  string `json:"default"`
		Required bool   `json:"required"`
		Value    string `json:"value"`
	}
	known := []string{directVariable, poolerVariable}
	for _, role := range grants.Roles() {
		known = append(known, role.Variable())
	}
	unknown := []string{}
	for _, pair := range environ {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "LONGSHORE_") && !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	var variables []read
	for _, name := range []string{variable, directVariable} {
		v := read{Name: name, Required: name == variable && valueOf(environ, directVariable) == ""}
		if value := valueOf(environ, name); value != "" {
			v.Value = withoutPassword(value)
		}
		variables = append(variables, v)
	}
	pooler := cmp.Or(valueOf(environ, poolerVariable), noPooler)
	variables = append(variables, read{Name: poolerVariable, Default: noPooler, Value: pooler})
	for _, role := range grants.Roles() {
		variables = append(variables, read{Name: role.Variable(), Value: valueOf(environ, role.Variable())})
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Service   string   `json:"service"`
		Variables []read   `json:"variables"`
		Unknown   []string `json:"unknown"`
	}{"migrate", variables, unknown})
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
