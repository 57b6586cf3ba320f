package config

import (
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// prefix begins the names of all variables that are Longshore's own.
const prefix = "LONGSHORE_"

// Description tells a service's configuration to people and to the checks of deployments. Its JSON is what `<program> config` prints.
type Description struct {
	// Service is the program's name.
	Service string `json:"service"`
	// Variables are all that the service reads, by name.
	Variables []Variable `json:"variables"`
	// Unknown are the variables of the environment that begin with LONGSHORE_ and that the service does not read, by name: misspelt ones, and
	// those of other services.
	Unknown []string `json:"unknown"`
}

// Variable is one that a service reads.
type Variable struct {
	Name string `json:"name"`
	// Default is what an unset or empty variable means.
	Default string `json:"default"`
	// Required says that there is no default, and no start without a value.
	Required bool `json:"required"`
	// Value is what is in force. Passwords in it are hidden.
	Value string `json:"value"`
}

// Describe tells what a service with the configurations given reads, and what it has read from the environment.
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

// setting is a field of a configuration that is read from a variable.
type setting struct {
	field, variable, fallback string
	required                  bool
	// secret says how the value hides: "url" or "users"; empty means that it is no secret.
	secret string
}

// settingsOf lists the fields of a configuration and of its parts.
func settingsOf(configuration reflect.Type) (all []setting) {
	for field := range configuration.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("env"), ",")
		if name == "" && field.Type.Kind() == reflect.Struct {
			all = append(all, settingsOf(field.Type)...)
		}
		if name != "" {
			all = append(all, setting{
				field: field.Name, variable: name, fallback: field.Tag.Get("envDefault"),
				required: strings.Contains(options, "required"), secret: field.Tag.Get("secret"),
			})
		}
	}
	return all
}

func (s setting) describe(environ map[string]string) Variable {
	value := environ[s.variable]
	if value == "" {
		value = s.fallback
	}
	switch s.secret {
	case "url":
		value = hideInURL(value)
	case "users":
		value = hideInUsers(value)
	}
	return Variable{Name: s.variable, Default: s.fallback, Required: s.required, Value: value}
}

// hidden stands for a password, as in url.URL's Redacted.
const hidden = "xxxxx"

// hideInURL hides the password of an address, or the whole address if it is no URL, or may have a password elsewhere than a URL has it: Postgres
// takes other words for addresses, too, and a password with a sign that is not escaped ends up anywhere. migrations/cmd/migrate has the same rule.
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
