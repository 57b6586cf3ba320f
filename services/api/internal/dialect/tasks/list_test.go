package tasks_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

// newFakes returns a fake with imports numbered from n down to 1.
func newFakes(n int) *fake {
	f := new(fake)
	for ; n > 0; n-- {
		op := newOperation(operation.Waiting)
		op.Number = int64(n)
		f.ops = append(f.ops, op)
	}
	return f
}

func TestList(t *testing.T) {
	t.Parallel()
	const task = `{"task":{"id":%d,"status":"WAITING","description":"import into tools","href":"https://api.example/tasks/%[1]d.json"}}`
	two := `{"tasks":[` + fmt.Sprintf(task, 2) + `,` + fmt.Sprintf(task, 1) + `]}`
	for name, tt := range map[string]struct {
		path  string
		tasks int
		want  string
	}{
		"two tasks":      {"/tasks", 2, two},
		"trailing slash": {"/tasks/", 2, two},
		"empty":          {"/tasks.json", 0, `{"tasks":[]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFakes(tt.tasks).get(t, tt.path)
			edgetest.CheckStatus(t, w, http.StatusOK)
			edgetest.CheckBody(t, w, tt.want)
		})
	}
	t.Run("HEAD", func(t *testing.T) {
		t.Parallel()
		edgetest.CheckStatus(t, newFakes(1).send(t, http.MethodHead, "/tasks"), http.StatusOK)
	})
	t.Run("Link", func(t *testing.T) {
		t.Parallel()
		edgetest.CheckHeader(t, newFakes(3).get(t, "/tasks/?limit=2"), "Link", `<https://api.example/tasks?before=2&limit=2>; rel="next"`)
	})
}

func TestListInXML(t *testing.T) {
	t.Parallel()
	want := []string{
		"tasks", " task", "  id 5", "  status RUNNING", "  description import into tools", " " + self,
		"  progress", "   task Importing into tools", "   amount 7.0",
	}
	if diff := cmp.Diff(want, parseXML(t, newFake(newOperation(operation.Running)).get(t, "/tasks.xml"))); diff != "" {
		t.Errorf("one task (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"tasks"}, parseXML(t, newFakes(0).get(t, "/tasks.xml"))); diff != "" {
		t.Errorf("no tasks (-want +got):\n%s", diff)
	}
	got := parseXML(t, newFakes(3).get(t, "/tasks.xml?limit=2&status=WAITING"))
	next := " {" + atom + "}link rel=next href=https://api.example/tasks.xml?before=2&limit=2&status=WAITING type=application/xml"
	if last := got[len(got)-1]; last != next {
		t.Errorf("last line = %q, want %q", last, next)
	}
}

// Following the next links lists every task exactly once.
func TestListPages(t *testing.T) {
	t.Parallel()
	for n, limit := range map[int]int{1: 1, 5: 2, 6: 2, 100: 100, 101: 100} {
		t.Run(fmt.Sprintf("%d tasks by %d", n, limit), func(t *testing.T) {
			t.Parallel()
			f := newFakes(n)
			var got, want []int
			for next := fmt.Sprintf("/tasks?limit=%d", limit); next != ""; {
				var ids []int
				ids, next = f.page(t, next)
				if len(ids) > limit {
					t.Fatalf("page has %d tasks, want at most %d", len(ids), limit)
				}
				got = append(got, ids...)
			}
			for id := range n {
				want = append(want, id+1)
			}
			slices.Reverse(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("ids (-want +got):\n%s", diff)
			}
		})
	}
}

// page returns the ids of one page, and the path of the next page.
func (f *fake) page(t *testing.T, path string) (ids []int, next string) {
	t.Helper()
	w := f.get(t, path)
	var page struct {
		Tasks []struct{ Task struct{ ID int } }
		Next  string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
		t.Fatal(err)
	}
	for _, wrapped := range page.Tasks {
		ids = append(ids, wrapped.Task.ID)
	}
	edgetest.CheckHasHeader(t, w, "Link", page.Next != "")
	return ids, strings.TrimPrefix(page.Next, "https://api.example")
}

func TestListByStatus(t *testing.T) {
	t.Parallel()
	for query, want := range map[string][]operation.State{
		"":                                nil,
		"?status=WAITING":                 {operation.Waiting},
		"?status=running":                 {operation.Running},
		"?status=FINISHED":                {operation.Succeeded},
		"?status=FAILED":                  {operation.Failed, operation.TimedOut},
		"?status=CANCELLED,RUNNING":       {operation.Cancelled, operation.Running},
		"?status=CANCELLED&status=fAILED": {operation.Cancelled, operation.Failed, operation.TimedOut},
	} {
		t.Run("query "+query, func(t *testing.T) {
			t.Parallel()
			f := newFakes(1)
			f.get(t, "/tasks"+query)
			if diff := cmp.Diff(want, f.filter.States); diff != "" {
				t.Errorf("states (-want +got):\n%s", diff)
			}
			if f.filter.Limit != 100 {
				t.Errorf("limit = %d, want 100", f.filter.Limit)
			}
		})
	}
}

func TestListRejectsInvalidQuery(t *testing.T) {
	t.Parallel()
	for query, parameter := range map[string]string{
		"status=DONE": "status", "status=": "status", "status=RUNNING,": "status", "limit=0": "limit", "limit=1001": "limit",
		"limit=": "limit", "limit=x": "limit", "limit=-1": "limit", "limit=99999999999999999999": "limit",
		"before=0": "before", "before=": "before", "before=x": "before", "before=-3": "before",
		"stauts=RUNNING": "stauts", "limit=1&limit=2": "limit", "%ff=1": "\uFFFD",
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			w := newFakes(1).get(t, "/tasks?"+query)
			edgetest.CheckProblem(t, w, http.StatusBadRequest, "InvalidParameter")
			if got := edgetest.Decode[struct{ Parameter string }](t, w).Parameter; got != parameter {
				t.Errorf("parameter = %q, want %q", got, parameter)
			}
		})
	}
	t.Run("malformed", func(t *testing.T) {
		t.Parallel()
		edgetest.CheckProblem(t, newFakes(1).get(t, "/tasks?limit=%zz"), http.StatusBadRequest, "MalformedQuery")
	})
	t.Run("highest limit", func(t *testing.T) {
		t.Parallel()
		edgetest.CheckStatus(t, newFakes(1).get(t, "/tasks?limit=1000"), http.StatusOK)
	})
}
