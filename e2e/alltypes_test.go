package e2e_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/e2e/stack"
)

// wares is a collection with a column of every type, for files that others read.
const (
	waresFile = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "x-longshore": {"table": "public.wares", "key": ["code"]},
  "type": "object", "required": ["code"], "additionalProperties": false,
  "properties": {
    "code": {"type": "string"}, "name": {"type": "string"}, "amount": {"type": "number"}, "count": {"type": "integer"},
    "sold": {"type": "boolean"}, "tags": {"type": "array", "items": {"type": "string"}}, "origin": {"type": "object"}
  }
}`
	waresTable = `CREATE TABLE wares (code TEXT PRIMARY KEY, name TEXT, amount NUMERIC, count BIGINT, sold BOOLEAN, tags TEXT[], origin JSONB,
  import_number BIGINT, import_row INT)`
)

// ware is one record as Postgres tells it. Numbers are texts, so that no digit is lost.
type ware struct {
	Code, Name, Amount, Count string
	Sold                      *bool
	Tags                      []string
	Origin                    string
}

var waresColumns = []string{"code", "name", "amount", "count", "sold", "tags", "origin"}

// oddNames are what programs like to misread: formulas, other scripts, blanks, what looks like a number or a date, and what has a
// meaning in the format itself.
var oddNames = []string{
	"=1+1", "=cmd|' /C calc'!A0", "+41 79", "-5", "@SUM(A1)", "Größe", "日本語のテキスト", "שלום", "emoji 🚢⚓", "  blanks  ", "two\nlines", "tab\there",
	`"quoted", and, commas`, "<b>&amp;</b>", "007", "1e5", "2026-01-31", "true", "NULL", "'apostrophe", "ﬀ̈",
}

// oddNumbers have more digits than a double holds, or look odd.
var oddNumbers = []string{"0.1", "-0.5", "12345678901234567890.12345", "0.30000000000000004", "1e-7", "999999999999999", "100000000000000000001"}

const waresCount = 3_000

func waresBody() []byte {
	var body strings.Builder
	for i := range waresCount {
		name, err := json.Marshal(oddNames[i%len(oddNames)])
		if err != nil {
			panic(err) // texts marshal
		}
		fmt.Fprintf(&body, `{"code":"W%05d","name":%s,"amount":%s,"count":%d`, i, name, oddNumbers[i%len(oddNumbers)], int64(i)*3_074_457_345_618_257)
		switch i % 3 {
		case 0:
			fmt.Fprintf(&body, `,"sold":%t,"tags":["one","zwei, drei","%d"],"origin":{"port":"Genova","n":[1,null]}`, i%2 == 0, i)
		case 1:
			body.WriteString(`,"tags":[]`)
		}
		body.WriteString("}\n")
	}
	return []byte(body.String())
}

// cell is what a format makes of a column's value: "" for nothing.
func (w ware) cell(format, column string) string {
	switch column {
	case "code":
		return w.Code
	case "name":
		if format == "csv" && strings.ContainsAny(w.Name[:1], "=+-@") {
			return "'" + w.Name // or else a spreadsheet would carry it out
		}
		return w.Name
	case "amount":
		if format == "parquet" {
			return asDouble(w.Amount) // the column's type
		}
		return exact(w.Amount)
	case "count":
		return exact(w.Count)
	case "sold":
		if w.Sold == nil {
			return ""
		}
		return strconv.FormatBool(*w.Sold)
	case "tags":
		if w.Tags == nil {
			return ""
		}
		return inJSON(w.Tags)
	default:
		return w.Origin
	}
}

// waresOf reads the table.
func waresOf(t *testing.T, s *stack.Stack) map[string]ware {
	t.Helper()
	rows, err := s.DB().Query(t.Context(), `SELECT code, name, amount::text, count::text, sold, tags, coalesce(origin::text, '') FROM wares`)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ware])
	if err != nil {
		t.Fatal(err)
	}
	wares := make(map[string]ware, len(all))
	for _, w := range all {
		w.Origin = canonical(w.Origin)
		wares[w.Code] = w
	}
	return wares
}
