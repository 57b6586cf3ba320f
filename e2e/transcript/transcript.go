// Package transcript plays conversations with the api that are written down as they go over the wire, and holds the answers against
// what is written. The .http files here are the conversations of the seeds.
//
// A file has scenes. A scene begins with "### name"; it has requests, each followed by the answer that must come. Lines that begin with
// "# " are remarks; "# until" before a request says that it is repeated until the answer is as written. {{name}} stands for a text: the
// first answer that has it gives it a value, from then on it is that value, in requests too. {{name~expression}} must match a regular
// expression, {{name:type}} be a whole JSON value of a type. The name _ keeps nothing. A header or member {{absent}} must not be there.
// Objects and elements must have exactly the members that are written, unless "..." is one of them.
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

// Play is a conversation of several scenes, and the values that it has met so far.
type Play struct {
	scenes map[string][]exchange
	values values
}

// exchange is a request and its answer.
type exchange struct {
	// where is the file and line of the request.
	where string
	// until repeats the request until its answer is as written.
	until    bool
	request  message
	expected message
}

// message is one half of an exchange; the first line without the protocol is two words: method and path, or status and its name.
type message struct {
	first, second string
	header        [][2]string
	body          string
}

// Read reads a file of this package, such as "seed000".
func Read(tb testing.TB, name string) *Play {
	tb.Helper()
	text, err := files.ReadFile(name + ".http")
	if err != nil {
		tb.Fatal(err)
	}
	play, err := parse(name+".http", string(text))
	if err != nil {
		tb.Fatal(err)
	}
	return play
}

// Value is what a name stands for; empty if no answer has given it a value.
func (p *Play) Value(name string) string { return p.values[name] }

// parse reads scenes. Blocks of a scene are told apart by their first lines: a method, or HTTP/1.1.
func parse(file, text string) (*Play, error) {
	p := &Play{scenes: make(map[string][]exchange), values: make(values)}
	var scene string
	var current *message
	until, inBody := false, false
	for i, line := range strings.Split(text, "\n") {
		where := file + ":" + strconv.Itoa(i+1)
		begin, answers := isFirstLine(line)
		all := p.scenes[scene]
		switch {
		case strings.HasPrefix(line, "### "):
			scene, current = strings.TrimPrefix(line, "### "), nil
			if p.scenes[scene] != nil {
				return nil, fmt.Errorf("%s: there are two scenes %q", where, scene)
			}
		case strings.HasPrefix(line, "#"):
			until = until || line == "# until"
		case begin && answers && len(all) > 0:
			current, inBody = &all[len(all)-1].expected, false
			current.begin(strings.TrimPrefix(line, "HTTP/1.1 "))
		case begin && !answers && scene != "":
			p.scenes[scene] = append(all, exchange{where: where, until: until})
			current, inBody, until = &p.scenes[scene][len(all)].request, false, false
			current.begin(strings.TrimSuffix(line, " HTTP/1.1"))
		case current == nil:
			if line != "" {
				return nil, fmt.Errorf("%s: %q belongs to no request", where, line)
			}
		case inBody:
			current.body += line + "\n"
		case line == "":
			inBody = true
		default:
			name, value, found := strings.Cut(line, ": ")
			if !found {
				return nil, fmt.Errorf("%s: %q is no header", where, line)
			}
			current.header = append(current.header, [2]string{name, value})
		}
	}
	return p, p.check()
}

func (m *message) begin(line string) { m.first, m.second, _ = strings.Cut(line, " ") }

var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

func isFirstLine(line string) (begin, answers bool) {
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

// check finds requests without an answer.
func (p *Play) check() error {
	for _, scene := range p.scenes {
		for _, x := range scene {
			if _, err := strconv.Atoi(x.expected.first); err != nil {
				return fmt.Errorf("%s: the request has no answer", x.where)
			}
		}
	}
	return nil
}
