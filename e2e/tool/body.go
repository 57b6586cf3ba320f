package tool

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
)

// NDJSON returns n records as NDJSON: of(0) to of(n-1).
func NDJSON(n int, of func(int) Tool) []byte {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	for i := range n {
		encode(enc, of(i))
	}
	return body.Bytes()
}

// JSON returns records as a JSON array.
func JSON(tools ...Tool) []byte {
	var body bytes.Buffer
	encode(json.NewEncoder(&body), tools)
	return body.Bytes()
}

func encode(enc *json.Encoder, value any) {
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		panic(err) // strings can be marshalled, and a buffer accepts all writes
	}
}

// CSV returns records as CSV with a header row. Features are separated by | as the intake expects lists.
func CSV(comma rune, tools ...Tool) []byte {
	var body bytes.Buffer
	w := csv.NewWriter(&body)
	w.Comma = comma
	rows := [][]string{{"tool_id", "tool_name", "category", "description", "features", "url"}}
	for _, t := range tools {
		var features []string
		for _, feature := range t.Features {
			features = append(features, strings.ReplaceAll(feature, "|", `\|`))
		}
		rows = append(rows, []string{t.ID, t.Name, t.Category, t.Description, strings.Join(features, "|"), t.URL})
	}
	if err := w.WriteAll(rows); err != nil {
		panic(err) // a buffer accepts all writes
	}
	return body.Bytes()
}
