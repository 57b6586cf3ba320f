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

// alltypes is a collection with a column of every type, for exports that third parties read.
const (
	allTypesFile = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "x-longshore": {"table": "public.alltypes", "key": ["code"]},
  "type": "object", "required": ["code"], "additionalProperties": false,
  "properties": {
    "code": {"type": "string"}, "name": {"type": "string"}, "amount": {"type": "number"}, "count": {"type": "integer"},
    "sold": {"type": "boolean"}, "tags": {"type": "array", "items": {"type": "string"}}, "origin": {"type": "object"}
  }
}`
	allTypesTable = `CREATE TABLE alltypes (code TEXT PRIMARY KEY, name TEXT, amount NUMERIC, count BIGINT, sold BOOLEAN,
  tags TEXT[], origin JSONB, import_number BIGINT, import_row INT)`
)

// typedRecord is a record as read from Postgres. Numbers are text, so that no digit is lost.
type typedRecord struct {
	Code, Name, Amount, Count string
	Sold                      *bool
	Tags                      []string
	Origin                    string
}

var allTypesColumns = []string{"code", "name", "amount", "count", "sold", "tags", "origin"}

// oddNames are texts that programs often misread: formulas, other scripts, blanks, text that looks
// like a number or a date, and characters with a meaning in the format itself.
var oddNames = []string{
	"=1+1", "=cmd|' /C calc'!A0", "+41 79", "-5", "@SUM(A1)", "Größe", "日本語のテキスト", "שלום", "emoji 🚢⚓", "  blanks  ", "two\nlines", "tab\there",
	`"quoted", and, commas`, "<b>&amp;</b>", "007", "1e5", "2026-01-31", "true", "NULL", "'apostrophe", "ﬀ̈",
}

// oddNumbers have more digits than a double, or an unusual form.
var oddNumbers = []string{
	"0.1", "-0.5", "12345678901234567890.12345", "0.30000000000000004", "1e-7", "999999999999999",
	"100000000000000000001",
}

const allTypesCount = 3_000

func allTypesBody() []byte {
	var body strings.Builder
	for i := range allTypesCount {
		name, err := json.Marshal(oddNames[i%len(oddNames)])
		if err != nil {
			panic(err) // texts marshal
		}
		fmt.Fprintf(&body, `{"code":"W%05d","name":%s,"amount":%s,"count":%d`, i, name, oddNumbers[i%len(oddNumbers)],
			int64(i)*3_074_457_345_618_257)
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

// cell returns a column's value as the format writes it; an empty string stands for null.
func (w typedRecord) cell(format, column string) string {
	switch column {
	case "code":
		return w.Code
	case "name":
		if format == "csv" && strings.ContainsAny(w.Name[:1], "=+-@") {
			return "'" + w.Name // keeps a spreadsheet from running it as a formula
		}
		return w.Name
	case "amount":
		if format == "parquet" {
			return canonicalDouble(w.Amount) // the column's type
		}
		return canonicalNumber(w.Amount)
	case "count":
		return canonicalNumber(w.Count)
	case "sold":
		if w.Sold == nil {
			return ""
		}
		return strconv.FormatBool(*w.Sold)
	case "tags":
		if w.Tags == nil {
			return ""
		}
		return toJSON(w.Tags)
	default:
		return w.Origin
	}
}

// readAllTypes reads the table, by code.
func readAllTypes(t *testing.T, s *stack.Stack) map[string]typedRecord {
	t.Helper()
	rows, err := s.DB().Query(t.Context(),
		`SELECT code, name, amount::text, count::text, sold, tags, coalesce(origin::text, '') FROM alltypes`)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[typedRecord])
	if err != nil {
		t.Fatal(err)
	}
	alltypes := make(map[string]typedRecord, len(all))
	for _, w := range all {
		w.Origin = canonicalJSON(w.Origin)
		alltypes[w.Code] = w
	}
	return alltypes
}
