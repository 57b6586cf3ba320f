package transcript

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// compareXML lists where a body is not the XML that is written. Space between elements and the choice of prefixes mean nothing.
func compareXML(written string, body []byte, known values) []string {
	want, err := outline([]byte(written))
	if err != nil {
		return []string{"what is written is no XML: " + err.Error()}
	}
	got, err := outline(body)
	if err != nil {
		return []string{"the body is no XML: " + err.Error()}
	}
	var wrong []string
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(got):
			wrong = append(wrong, "there is no "+want[i])
		case i >= len(want):
			wrong = append(wrong, "there is "+got[i])
		case !known.match(want[i], got[i]):
			wrong = append(wrong, fmt.Sprintf("%s is there, not %s", got[i], want[i]))
		}
	}
	return wrong
}

// outline writes each element as a line: the path to it with its namespace, its attributes and its text.
func outline(text []byte) (lines []string, err error) {
	var path []string
	open := make(map[int]int) // depth → line
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
			open[len(path)] = len(lines)
			lines = append(lines, strings.Join(line, " "))
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			if s := strings.TrimSpace(string(token)); s != "" && len(path) > 0 {
				lines[open[len(path)]] += " " + s
			}
		}
	}
}
