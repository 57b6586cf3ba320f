package tool

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
)

// NDJSON writes n records as NDJSON, the first of them of(0).
func NDJSON(n int, of func(int) Tool) []byte {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	for i := range n {
		encode(enc, of(i))
	}
	return body.Bytes()
}

// JSON writes records as a JSON array.
func JSON(tools ...Tool) []byte {
	var body bytes.Buffer
	encode(json.NewEncoder(&body), tools)
	return body.Bytes()
}

func encode(enc *json.Encoder, value any) {
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		panic(err) // texts marshal, and a buffer takes all of them
	}
}

// CSV writes records as CSV with a header row. The features are joined by bars, as the intake's list rule asks for.
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
		panic(err) // a buffer takes all of it
	}
	return body.Bytes()
}
