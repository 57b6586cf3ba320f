package e2e_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/thirdparty"
	"github.com/longshore-io/longshore/e2e/tool"
)

// TestTasksXML reads the tasks of seed 002 in every state with xmllint, and compares values by
// XPath with those of the JSON.
func TestTasksXML(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{
		Collections: collectionFolder(t, "spoons", spoonsFile), Tables: spoonsTable,
		Env: []string{"LONGSHORE_MAX_ATTEMPTS=2", "LONGSHORE_IMPORTER_CONCURRENCY=1"},
	})
	failImports(s, "spoons")
	tasks := oneInEachState(t, s)
	for _, status := range []string{"FINISHED", "FAILED", "RUNNING", "WAITING", "CANCELLED"} {
		t.Run(status, func(t *testing.T) {
			s := s.WithTB(t)
			number := tasks[status]
			text := readXML(t, s, fmt.Sprintf("/tasks/%d.xml", number))
			expectXPath(t, text, map[string]string{
				"count(/task)":         "1",
				"string(/task/id)":     strconv.Itoa(number),
				"string(/task/status)": status,
				"string(/task/*[local-name()='link' and namespace-uri()='http://www.w3.org/2005/Atom']/@href)": fmt.Sprintf("%s/tasks/%d.xml",
					s.Client().Base(), number),
				"string-length(/task/description) > 0": "true",
				"count(/task/progress/amount)":         countIf(status == "RUNNING"),
				"count(/task/result)":                  countIf(status != "RUNNING" && status != "WAITING"),
				"count(/task/error[string-length(message) > 0 and string-length(code) > 0])": countIf(status == "FAILED"),
			})
			if status == "FINISHED" {
				expectXPath(t, text, map[string]string{"string(//importedRecords)": "5", "string(//failedRecords)": "1"})
			}
		})
	}
	t.Run("list", func(t *testing.T) {
		s := s.WithTB(t)
		checks := map[string]string{"count(/tasks/task)": strconv.Itoa(len(tasks))}
		for status, number := range tasks {
			checks[fmt.Sprintf("string(/tasks/task[status='%s']/id)", status)] = strconv.Itoa(number)
		}
		expectXPath(t, readXML(t, s, "/tasks.xml"), checks)
	})
	t.Run("no_such_task", func(t *testing.T) {
		mustDo(t, s.WithTB(t), http.MethodGet, "/tasks/999999.xml", http.StatusNotFound)
	})
	t.Run("broken_xml_is_rejected", func(t *testing.T) {
		if _, _, err := thirdparty.RunUnchecked(t, []byte("<task><id>1</task>"), "xmllint", "--noout", "-"); err == nil {
			t.Error("xmllint accepts broken XML, want an error")
		}
	})
}

func countIf(present bool) string {
	if present {
		return "1"
	}
	return "0"
}

// oneInEachState creates a task in each status of seed 002 and returns their numbers by status.
// They keep their states until the test ends.
func oneInEachState(t *testing.T, s *stack.Stack) map[string]int {
	t.Helper()
	number := func(op client.Accepted) int {
		return s.Number(`SELECT number FROM xforce.tasks WHERE task_id = $1`, op.ID)
	}
	finished := s.SubmitJSON(tool.JSON(append(tool.Sample(), tool.Tool{ID: "<broken> & \"odd\""})...))
	s.WaitFor(finished, "Succeeded")
	failed := s.Submit("spoons", client.RequestBody{Type: "application/json", Content: []byte(`[{"id":1}]`)})
	s.WaitFor(failed, "Failed")
	s.BlockWrites("xforce.tools")
	running := s.SubmitJSON(tool.SampleJSON)
	s.WaitForSQL(recoveryLimit, "a step to be blocked", `SELECT count(*) > 0 `+blockedSteps)
	s.WaitForSQL(recoveryLimit, "the import to run", `SELECT status = 'running' FROM xforce.tasks WHERE task_id = $1`, running.ID)
	waiting := s.SubmitJSON(tool.SampleJSON)
	cancelled := s.SubmitJSON(tool.SampleJSON)
	mustDo(t, s, http.MethodGet, fmt.Sprintf("/tasks/%d.xml?cancel=true", number(cancelled)), http.StatusOK)
	return map[string]int{
		"FINISHED": number(finished), "FAILED": number(failed), "RUNNING": number(running),
		"WAITING": number(waiting), "CANCELLED": number(cancelled),
	}
}

// readXML requests a document and expects xmllint to parse it.
func readXML(t *testing.T, s *stack.Stack, path string) []byte {
	t.Helper()
	resp := mustDo(t, s, http.MethodGet, path, http.StatusOK)
	if mediaType := resp.Header.Get("Content-Type"); !strings.HasPrefix(mediaType, "application/xml") {
		t.Errorf("Content-Type is %q, want application/xml", mediaType)
	}
	thirdparty.Run(t, resp.Body, "xmllint", "--noout", "--nonet", "-")
	return resp.Body
}

// expectXPath compares the results of XPath expressions with the wanted ones.
func expectXPath(t *testing.T, text []byte, checks map[string]string) {
	t.Helper()
	for expression, want := range checks {
		got := strings.TrimSuffix(string(thirdparty.Run(t, text, "xmllint", "--nonet", "--xpath", expression, "-")), "\n")
		if got != want {
			t.Errorf("%s = %q, want %q, in %s", expression, got, want, text)
		}
	}
}
