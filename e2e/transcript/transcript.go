// Package transcript sends requests that are written in text files, as they are sent over the wire,
// and compares the responses with the written ones. The .http files contain the conversations of
// the seeds.
//
// A file has sections, which start with "### name" and contain requests, each followed by its
// expected response. Lines that start with "# " are comments; "# until" before a request repeats it
// until the response is the expected one. {{name}} is a placeholder: the first response that
// matches it sets its value, and from then on it stands for that value, also in requests.
// {{name~expression}} must match a regular expression, {{name:type}} must be a whole JSON value of
// a type. The name _ keeps no value. A header or member {{absent}} must be missing. Objects and
// elements must have exactly the written members, unless "..." is one of them.
package transcript

import (
	"embed"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

//go:embed *.http
var files embed.FS

// Script is a file's sections, and the values of its placeholders so far.
type Script struct {
	sections map[string][]exchange
	values   values
}

// exchange is a request and its expected response.
type exchange struct {
	// position is the file and line of the request.
	position string
	// until repeats the request until its response is the expected one.
	until    bool
	request  message
	expected message
}

// message is a request or a response. Its first line, without the protocol, is split in two: method
// and path, or status and reason.
type message struct {
	first, second string
	header        [][2]string
	body          string
}

// Read returns the script of a file in this package, such as "seed000".
func Read(tb testing.TB, name string) *Script {
	tb.Helper()
	text, err := files.ReadFile(name + ".http")
	if err != nil {
		tb.Fatal(err)
	}
	script, err := parse(name+".http", string(text))
	if err != nil {
		tb.Fatal(err)
	}
	return script
}

// Value returns the value of a placeholder, empty if no response has set it.
func (s *Script) Value(name string) string { return s.values[name] }

// parse reads the sections. Requests start with a method, responses with HTTP/1.1.
func parse(file, text string) (*Script, error) {
	s := &Script{sections: make(map[string][]exchange), values: make(values)}
	var section string
	var current *message
	until, inBody := false, false
	for i, line := range strings.Split(text, "\n") {
		position := file + ":" + strconv.Itoa(i+1)
		isFirst, isResponse := isFirstLine(line)
		all := s.sections[section]
		switch {
		case strings.HasPrefix(line, "### "):
			section, current = strings.TrimPrefix(line, "### "), nil
			if s.sections[section] != nil {
				return nil, fmt.Errorf("%s: the section %q exists twice", position, section)
			}
		case strings.HasPrefix(line, "#"):
			until = until || line == "# until"
		case isFirst && isResponse && len(all) > 0:
			current, inBody = &all[len(all)-1].expected, false
			current.setFirstLine(strings.TrimPrefix(line, "HTTP/1.1 "))
		case isFirst && !isResponse && section != "":
			s.sections[section] = append(all, exchange{position: position, until: until})
			current, inBody, until = &s.sections[section][len(all)].request, false, false
			current.setFirstLine(strings.TrimSuffix(line, " HTTP/1.1"))
		case current == nil:
			if line != "" {
				return nil, fmt.Errorf("%s: %q is outside of a request or response", position, line)
			}
		case inBody:
			current.body += line + "\n"
		case line == "":
			inBody = true
		default:
			name, value, found := strings.Cut(line, ": ")
			if !found {
				return nil, fmt.Errorf("%s: %q is not a header", position, line)
			}
			current.header = append(current.header, [2]string{name, value})
		}
	}
	return s, s.check()
}

func (m *message) setFirstLine(line string) { m.first, m.second, _ = strings.Cut(line, " ") }

var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

func isFirstLine(line string) (isFirst, isResponse bool) {
	if strings.HasPrefix(line, "HTTP/1.1 ") {
		return true, true
	}
	for _, method := range methods {
		if strings.HasPrefix(line, method+" /") || strings.HasPrefix(line, method+" {{") {
			return true, false
		}
	}
	return false, false
}

// check returns an error for a request without a response.
func (s *Script) check() error {
	for _, section := range s.sections {
		for _, x := range section {
			if _, err := strconv.Atoi(x.expected.first); err != nil {
				return fmt.Errorf("%s: the request has no response", x.position)
			}
		}
	}
	return nil
}
