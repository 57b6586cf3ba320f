package config

import (
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// prefix is the prefix of all variables except those of Postgres and Redis.
const prefix = "LONGSHORE_"

// Description describes the configuration of a service for people and for the checks of deployments.
// `<program> config` prints its JSON.
type Description struct {
	// Service is the program's name.
	Service string `json:"service"`
	// Variables are the variables that the service reads, sorted by name.
	Variables []Variable `json:"variables"`
	// Unknown are the variables of the environment with the prefix LONGSHORE_ that the service does not
	// read, sorted by name: misspelled ones and those of other services.
	Unknown []string `json:"unknown"`
}

// Variable is a variable that a service reads.
type Variable struct {
	Name string `json:"name"`
	// Default is the value of an unset or empty variable.
	Default string `json:"default"`
	// Required reports that the variable must be set.
	Required bool `json:"required"`
	// Value is the value in force, with passwords hidden.
	Value string `json:"value"`
}

// Describe returns the description of a service with the configurations in an environment.
func Describe(service string, environ map[string]string, configurations ...any) Description {
	d := Description{Service: service, Variables: []Variable{}, Unknown: []string{}}
	read := make(map[string]bool)
	for _, configuration := range configurations {
		for _, s := range settingsOf(reflect.TypeOf(configuration)) {
			if !read[s.variable] {
				read[s.variable] = true
				d.Variables = append(d.Variables, s.describe(environ))
			}
		}
	}
	slices.SortFunc(d.Variables, func(a, b Variable) int { return strings.Compare(a.Name, b.Name) })
	for _, name := range slices.Sorted(maps.Keys(environ)) {
		if strings.HasPrefix(name, prefix) && !read[name] {
			d.Unknown = append(d.Unknown, name)
		}
	}
	return d
}

// setting is a field of a configuration and its variable.
type setting struct {
	field, variable, defaultValue string
	required                      bool
	// secret is the format of a value with passwords, "url" or "users", or "all" if the whole value is
	// one; empty for other values.
	secret string
}

// settingsOf returns the settings of a configuration and of its parts.
func settingsOf(configuration reflect.Type) (all []setting) {
	for field := range configuration.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("env"), ",")
		if name == "" && field.Type.Kind() == reflect.Struct {
			all = append(all, settingsOf(field.Type)...)
		}
		if name != "" {
			all = append(all, setting{
				field: field.Name, variable: name, defaultValue: field.Tag.Get("envDefault"),
				required: strings.Contains(options, "required"), secret: field.Tag.Get("secret"),
			})
		}
	}
	return all
}

func (s setting) describe(environ map[string]string) Variable {
	value := environ[s.variable]
	if value == "" {
		value = s.defaultValue
	}
	switch s.secret {
	case "url":
		value = hideInURL(value)
	case "users":
		value = hideInUsers(value)
	case "all":
		value = hideAll(value)
	}
	return Variable{Name: s.variable, Default: s.defaultValue, Required: s.required, Value: value}
}

// hidden replaces a password, as in url.URL.Redacted.
const hidden = "xxxxx"

// hideInURL hides the password of an address. It hides the whole address if that is no URL, or if the
// password may be in another place: Postgres accepts other formats, and a password with an unescaped
// character can end up in any part of the URL. migrations/cmd/migrate has the same function.
func hideInURL(address string) string {
	if address == "" {
		return ""
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" || u.Opaque != "" || u.Fragment != "" || strings.Contains(u.Path+u.RawQuery, "@") {
		return hidden
	}
	if query, err := url.QueryUnescape(u.RawQuery); err != nil || strings.Contains(strings.ToLower(query), "password") {
		return hidden
	}
	return u.Redacted()
}

// hideAll hides a value unless it is empty.
func hideAll(value string) string {
	if value == "" {
		return ""
	}
	return hidden
}

// hideInUsers hides the passwords of name:password pairs.
func hideInUsers(pairs string) string {
	if pairs == "" {
		return ""
	}
	shown := strings.Split(pairs, ",")
	for i, pair := range shown {
		name, _, named := strings.Cut(pair, ":")
		shown[i] = hidden
		if named {
			shown[i] = name + ":" + hidden
		}
	}
	return strings.Join(shown, ",")
}
