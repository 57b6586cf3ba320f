package e2e_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// maxAcceptTime is how soon an import must be answered.
const maxAcceptTime = time.Second

// TestToolsImport goes the way of seed 000, word for word.
func TestToolsImport(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})

	first := s.SubmitJSON(tool.SampleJSON)
	want := client.Accepted{Status: "IN_PROGRESS", TotalRecords: 5}
	got := client.Accepted{Status: first.Status, TotalRecords: first.TotalRecords}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the 202 (-want +got):\n%s", diff)
	}
	if first.Elapsed > maxAcceptTime {
		t.Errorf("the 202 took %s", first.Elapsed)
	}
	m := s.WaitFor(first, "Succeeded")
	expectCounts(t, m, client.Counts{Total: 5, Created: 5, Imported: 5})
	expectSeedAnswer(t, s.TaskStatus(first), first, 5)
	expectTools(t, s, tool.Sample())

	again := s.SubmitJSON(tool.SampleJSON)
	m = s.WaitFor(again, "Succeeded")
	expectCounts(t, m, client.Counts{Total: 5, Updated: 5, Imported: 5})
	expectSeedAnswer(t, s.TaskStatus(again), again, 5)
	expectTools(t, s, tool.Sample())
}

// TestToolsImportUnfinished looks at an import that cannot go on: there are exactly the three members of the seed.
func TestToolsImportUnfinished(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	release := s.BlockWrites("xforce.tools")
	op := s.SubmitJSON(tool.SampleJSON)
	status := s.TaskStatus(op)
	release()
	if diff := cmp.Diff([]string{"progress", "status", "task_reference"}, status.Members); diff != "" {
		t.Errorf("members of an unfinished import (-want +got):\n%s", diff)
	}
	if status.Status != "IN_PROGRESS" || status.Progress != "0%" || status.TaskReference != op.TaskReference {
		t.Errorf("an unfinished import says %+v", status)
	}
	s.WaitFor(op, "Succeeded")
}

// TestToolsImportRejected sends three records of which two are broken: the errors are those two as they were sent.
func TestToolsImportRejected(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	const (
		nameless = `{ "tool_id": "B1",  "category": "Travel", "features": ["a & b", "<c>"] }`
		listless = `{"tool_name":"Two","tool_id":"B2","category":"Finance","features":"no list","url":"https://example.com/ü"}`
		good     = `{"tool_name":"Three","tool_id":"B3","category":"Education"}`
	)
	op := s.SubmitJSON([]byte("{\"data\":[" + nameless + ",\n" + good + ",\n" + listless + "]}"))
	expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 3, Created: 1, Imported: 1, Failed: 2})
	status := s.TaskStatus(op)
	expectSeedAnswer(t, status, op, 1)
	want := []string{compact(t, nameless), compact(t, listless)}
	var got []string
	for _, one := range status.Errors {
		got = append(got, compact(t, string(one)))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	expectTools(t, s, []tool.Tool{{ID: "B3", Name: "Three", Category: "Education"}})
}

// compact takes the space between tokens away and keeps the order of members.
func compact(t *testing.T, text string) string {
	t.Helper()
	var shown bytes.Buffer
	if err := json.Compact(&shown, []byte(text)); err != nil {
		t.Fatalf("reading %s: %v", text, err)
	}
	return shown.String()
}

// expectSeedAnswer holds a finished import against the resp that seed 000 prints.
func expectSeedAnswer(t *testing.T, status client.TaskStatus, op client.Accepted, imported int) {
	t.Helper()
	if status.TaskReference != op.TaskReference || status.Status != "COMPLETED" || status.Progress != "100%" {
		t.Errorf("a finished import says %+v", status)
	}
	if status.ImportedRecords == nil || *status.ImportedRecords != imported {
		t.Errorf("imported_records is %v, not %d", status.ImportedRecords, imported)
	}
	if status.Errors == nil {
		t.Error("errors is not a list")
	}
	if len(status.Errors) != op.TotalRecords-imported {
		t.Errorf("errors holds %d records, not %d", len(status.Errors), op.TotalRecords-imported)
	}
}

func expectCounts(t *testing.T, m client.Monitor, want client.Counts) {
	t.Helper()
	if diff := cmp.Diff(want, m.Counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// expectTools holds the whole table against the tools that should be there, in the order of their ids.
func expectTools(t *testing.T, s *stack.Stack, want []tool.Tool) {
	t.Helper()
	rows, err := s.DB().Query(t.Context(), `
SELECT tool_name, tool_id, category, coalesce(description, ''), features, coalesce(url, '') FROM xforce.tools ORDER BY tool_id`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowToStructByPos[tool.Tool])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table of tools (-want +got):\n%s", diff)
	}
}
