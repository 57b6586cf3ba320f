// Package grants contains the rights of Longshore's database roles on its schema as a file of GRANT
// statements. migrate executes them, and each service checks at its start that its role has them.
package grants

import (
	_ "embed"
	"regexp"
	"strings"
)

// file contains the statements, with psql's form of a variable, :"api", in place of each role.
//
//go:embed grants.sql
var file string

// SQL returns the content of the file.
func SQL() string { return file }

// Role is what a role of the database is for. Its name in the database is the operator's choice.
type Role string

// The roles. Owner owns the schema and is the role of migrate, so it needs no grants.
const (
	Owner  Role = "owner"
	API    Role = "api"
	Worker Role = "worker"
	Reader Role = "reader"
)

// Roles returns the roles that the file grants rights to.
func Roles() []Role { return []Role{API, Worker, Reader} }

// Variable returns the environment variable of migrate with the name of the role in the database.
func (r Role) Variable() string { return "LONGSHORE_" + strings.ToUpper(string(r)) + "_ROLE" }

// Right is one privilege on one object.
type Right struct {
	// Privilege is a keyword such as SELECT.
	Privilege string
	// Schema is the schema of the object, or the object itself if Object is empty.
	Schema string
	// Object is the name of a table or sequence.
	Object string
	// Column is the column that the privilege is limited to; empty if it is not limited.
	Column string
}

// String describes the right as in a GRANT statement.
func (r Right) String() string {
	switch {
	case r.Object == "":
		return r.Privilege + " ON SCHEMA " + r.Schema
	case r.Column == "":
		return r.Privilege + " ON " + r.Schema + "." + r.Object
	}
	return r.Privilege + " (" + r.Column + ") ON " + r.Schema + "." + r.Object
}

var (
	comment   = regexp.MustCompile(`(?m)^--.*$`)
	form      = regexp.MustCompile(`^GRANT (.+) ON (SCHEMA |SEQUENCE )?(\w+)(?:\.(\w+))? TO :"(\w+)"$`)
	privilege = regexp.MustCompile(`([A-Z]+)(?: \(([^)]*)\))?`)
)

// statements returns the statements of the file, each in one line, without the semicolon.
func statements() []string {
	var all []string
	for text := range strings.SplitSeq(comment.ReplaceAllString(file, ""), ";") {
		if words := strings.Fields(text); len(words) > 0 {
			all = append(all, strings.Join(words, " "))
		}
	}
	return all
}

// Statements returns the statements for the roles that have a name, with the names in place.
func Statements(names map[Role]string) []string {
	var granted []string
	for _, statement := range statements() {
		parts := form.FindStringSubmatch(statement)
		if name := names[Role(parts[5])]; name != "" {
			granted = append(granted, strings.ReplaceAll(statement, `:"`+parts[5]+`"`, quote(name)))
		}
	}
	return granted
}

// quote quotes a name for SQL.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Rights returns the rights of a role, in the order of the file.
func Rights(role Role) []Right {
	var rights []Right
	for _, statement := range statements() {
		parts := form.FindStringSubmatch(statement)
		if Role(parts[5]) != role {
			continue
		}
		for _, granted := range privilege.FindAllStringSubmatch(parts[1], -1) {
			for column := range strings.SplitSeq(granted[2], ", ") {
				rights = append(rights, Right{Privilege: granted[1], Schema: parts[3], Object: parts[4], Column: column})
			}
		}
	}
	return rights
}
