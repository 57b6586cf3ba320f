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

// maxAcceptTime bounds the time until the 202 of an import.
const maxAcceptTime = time.Second

// TestToolsImport imports the sample of seed 000 twice and compares every response with the printed
// one: the first import creates the records, the second updates them.
func TestToolsImport(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})

	first := s.SubmitJSON(tool.SampleJSON)
	want := client.Accepted{Status: "IN_PROGRESS", TotalRecords: 5}
	got := client.Accepted{Status: first.Status, TotalRecords: first.TotalRecords}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("202 (-want +got):\n%s", diff)
	}
	if first.Elapsed > maxAcceptTime {
		t.Errorf("202 arrived after %s, want at most %s", first.Elapsed, maxAcceptTime)
	}
	m := s.WaitFor(first, "Succeeded")
	expectCounts(t, m, client.Counts{Total: 5, Created: 5, Imported: 5})
	expectCompletedStatus(t, s.TaskStatus(first), first, 5)
	expectTools(t, s, tool.Sample())

	again := s.SubmitJSON(tool.SampleJSON)
	m = s.WaitFor(again, "Succeeded")
	expectCounts(t, m, client.Counts{Total: 5, Updated: 5, Imported: 5})
	expectCompletedStatus(t, s.TaskStatus(again), again, 5)
	expectTools(t, s, tool.Sample())
}

// TestToolsImportUnfinished reads the status of a blocked import. It has exactly the three members
// of seed 000.
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
		t.Errorf("status of an unfinished import is %+v, want IN_PROGRESS, 0%% and reference %s", status, op.TaskReference)
	}
	s.WaitFor(op, "Succeeded")
}

// TestToolsImportRejected imports three records, two of them broken. The status lists those two as
// they were sent.
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
	expectCompletedStatus(t, status, op, 1)
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

// compact removes white space between tokens and keeps the order of members.
func compact(t *testing.T, text string) string {
	t.Helper()
	var compacted bytes.Buffer
	if err := json.Compact(&compacted, []byte(text)); err != nil {
		t.Fatalf("reading %s: %v", text, err)
	}
	return compacted.String()
}

// expectCompletedStatus compares the status of a finished import with the one printed in seed 000.
func expectCompletedStatus(t *testing.T, status client.TaskStatus, op client.Accepted, imported int) {
	t.Helper()
	if status.TaskReference != op.TaskReference || status.Status != "COMPLETED" || status.Progress != "100%" {
		t.Errorf("status of a finished import is %+v, want COMPLETED, 100%% and reference %s", status, op.TaskReference)
	}
	if status.ImportedRecords == nil || *status.ImportedRecords != imported {
		t.Errorf("imported_records is %v, want %d", status.ImportedRecords, imported)
	}
	if status.Errors == nil {
		t.Error("errors is null, want a list")
	}
	if len(status.Errors) != op.TotalRecords-imported {
		t.Errorf("errors has %d records, want %d", len(status.Errors), op.TotalRecords-imported)
	}
}

func expectCounts(t *testing.T, m client.Monitor, want client.Counts) {
	t.Helper()
	if diff := cmp.Diff(want, m.Counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// expectTools compares the whole table with the wanted tools, ordered by id.
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
		t.Errorf("table of tools (-want +got):\n%s", diff)
	}
}
