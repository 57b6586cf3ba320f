package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
)

// realTable is a table of an application, with generated records for it.
type realTable struct {
	// name is the table as SQL writes it, and collection the name that inference proposes.
	name, collection string
	// record returns the n-th record. It has the same members for every n.
	record func(n int) fields
	// unsent are the columns that no record carries.
	unsent []string
	// filled is a condition on every row about these columns.
	filled string
}

// fields are the members of a record.
type fields map[string]any

// left is a member that the record leaves out, and for which its row then has the value.
type left struct{ value any }

// realRecords is the number of records in an import.
const realRecords = 10_000

// TestRealTables: the tables of applications, without a change to them, are inferred and take an import of CSV and one
// of NDJSON. Every row is then as it was sent.
func TestRealTables(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Tables: realTablesSQL + otherTablesSQL})
	for _, table := range slices.Concat(realTables, otherTables) { //nolint:paralleltest // rows refer to those of earlier tables
		t.Run(table.collection, func(t *testing.T) { table.test(t, s.WithTB(t)) })
	}
}

func (r realTable) test(t *testing.T, s *stack.Stack) {
	t.Helper()
	order, err := json.Marshal(map[string]any{"table": r.name, "store": true})
	if err != nil {
		t.Fatal(err)
	}
	response := s.Do(http.MethodPost, "/collections:infer", client.RequestBody{Type: "application/json", Content: order})
	if response.Status != http.StatusCreated {
		t.Fatalf("POST /collections:infer = %d %s, want 201", response.Status, response.Body)
	}
	var sent []fields
	for n := range 2 * realRecords {
		sent = append(sent, r.record(n))
	}
	for _, body := range []client.RequestBody{
		{Type: "text/csv", Content: asCSV(sent[:realRecords])},
		{Type: "application/x-ndjson", Content: asLines(t, sent[realRecords:])},
	} {
		op := s.Submit(r.collection, body)
		got := s.WaitFor(op, "Succeeded").Counts
		if diff := cmp.Diff(client.Counts{Total: realRecords, Created: realRecords, Imported: realRecords}, got); diff != "" {
			failed := s.Records(op, "failed")
			t.Fatalf("counts of the import of %s (-want +got):\n%s\nthe first failed records: %+v", body.Type, diff, failed[:min(3, len(failed))])
		}
	}
	r.audit(t, s, sent)
}

// audit compares every row with the record that was sent for it.
func (r realTable) audit(t *testing.T, s *stack.Stack, sent []fields) {
	t.Helper()
	conn, err := s.DB().Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), `DROP TABLE IF EXISTS sent; CREATE TEMP TABLE sent (record JSONB)`); err != nil {
		t.Fatal(err)
	}
	_, err = conn.CopyFrom(t.Context(), pgx.Identifier{"sent"}, []string{"record"}, pgx.CopyFromSlice(len(sent), func(n int) ([]any, error) {
		text, err := json.Marshal(sent[n].kept())
		return []any{text}, err
	}))
	if err != nil {
		t.Fatal(err)
	}
	differences := fmt.Sprintf(`WITH rows AS (SELECT to_jsonb(t) - $1::text[] AS record FROM %s t)
(SELECT 'not stored: ' || record::text FROM (TABLE sent EXCEPT ALL TABLE rows) a LIMIT 3)
UNION ALL (SELECT 'not sent: ' || record::text FROM (TABLE rows EXCEPT ALL TABLE sent) b LIMIT 3)
UNION ALL (SELECT 'filled wrongly: ' || to_jsonb(t)::text FROM %s t WHERE (%s) IS NOT TRUE LIMIT 3)`, r.name, r.name, r.condition())
	rows, err := conn.Query(t.Context(), differences, append([]string{}, r.unsent...))
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if len(found) > 0 {
		t.Errorf("the table differs from what was sent:\n%s", strings.Join(found, "\n"))
	}
}

func (r realTable) condition() string {
	if r.filled == "" {
		return "true"
	}
	return r.filled
}

// kept returns the members that the row of the record has.
func (f fields) kept() fields {
	kept := maps.Clone(f)
	for name, value := range kept {
		if l, ok := value.(left); ok {
			kept[name] = l.value
		}
	}
	return kept
}

// asLines returns records as NDJSON.
func asLines(t *testing.T, records []fields) []byte {
	t.Helper()
	var body bytes.Buffer
	for _, record := range records {
		sent := maps.Clone(record)
		maps.DeleteFunc(sent, func(_ string, value any) bool { _, ok := value.(left); return ok })
		text, err := json.Marshal(sent)
		if err != nil {
			t.Fatal(err)
		}
		body.Write(append(text, '\n'))
	}
	return body.Bytes()
}

// asCSV returns records as CSV with every text in quotes.
func asCSV(records []fields) []byte {
	names := slices.Sorted(maps.Keys(records[0]))
	var body bytes.Buffer
	for i, name := range names {
		writeCell(&body, i, csvQuoted(name))
	}
	for _, record := range records {
		body.WriteByte('\n')
		for i, name := range names {
			writeCell(&body, i, realCell(record[name]))
		}
	}
	return body.Bytes()
}

func writeCell(body *bytes.Buffer, i int, cell string) {
	if i > 0 {
		body.WriteByte(',')
	}
	body.WriteString(cell)
}

// realCell returns a value as a cell: null and what is left out as an empty one, lists and objects as JSON.
func realCell(value any) string {
	switch v := value.(type) {
	case nil, left:
		return ""
	case string:
		return csvQuoted(v)
	case int, bool, json.Number:
		return fmt.Sprint(v)
	}
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // generated values can be encoded
	}
	return csvQuoted(string(text))
}

func csvQuoted(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }
