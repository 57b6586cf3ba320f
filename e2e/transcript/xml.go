package transcript

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// compareXML lists the differences between a body and the expected XML. White space between
// elements and the choice of prefixes are ignored.
func compareXML(expected string, body []byte, known values) []string {
	want, err := outline([]byte(expected))
	if err != nil {
		return []string{"the expected body is not XML: " + err.Error()}
	}
	got, err := outline(body)
	if err != nil {
		return []string{"the body is not XML: " + err.Error()}
	}
	var wrong []string
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(got):
			wrong = append(wrong, "missing "+want[i])
		case i >= len(want):
			wrong = append(wrong, "unexpected "+got[i])
		case !known.match(want[i], got[i]):
			wrong = append(wrong, fmt.Sprintf("got %s, want %s", got[i], want[i]))
		}
	}
	return wrong
}

// outline returns one line for each element: its path with namespaces, its attributes and its text.
func outline(text []byte) (lines []string, err error) {
	var path []string
	lineOf := make(map[int]int) // by depth
	dec := xml.NewDecoder(bytes.NewReader(text))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			path = append(path, strings.TrimPrefix(token.Name.Space+" ", " ")+token.Name.Local)
			line := []string{strings.Join(path, "/")}
			for _, a := range token.Attr {
				if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" {
					line = append(line, a.Name.Local+"="+a.Value)
				}
			}
			lineOf[len(path)] = len(lines)
			lines = append(lines, strings.Join(line, " "))
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			if s := strings.TrimSpace(string(token)); s != "" && len(path) > 0 {
				lines[lineOf[len(path)]] += " " + s
			}
		}
	}
}
