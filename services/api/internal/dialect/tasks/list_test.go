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
)

// many are the imports with the numbers from n down to 1.
func many(n int) *monitor {
	m := new(monitor)
	for ; n > 0; n-- {
		op := in(operation.Waiting)
		op.Number = int64(n)
		m.ops = append(m.ops, op)
	}
	return m
}

func TestTheListHoldsTasks(t *testing.T) {
	t.Parallel()
	const one = `{"task":{"id":%d,"status":"WAITING","description":"import into tools","href":"https://api.example/tasks/%[1]d.json"}}`
	w := ask(t, many(2), "/tasks")
	want := `{"tasks":[` + fmt.Sprintf(one, 2) + `,` + fmt.Sprintf(one, 1) + `]}`
	if diff := cmp.Diff(want, strings.TrimSpace(w.Body.String())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := strings.TrimSpace(ask(t, many(0), "/tasks.json").Body.String()); got != `{"tasks":[]}` {
		t.Errorf("no tasks are %s", got)
	}
	if slashed := ask(t, many(2), "/tasks/"); slashed.Code != http.StatusOK || slashed.Body.String() != w.Body.String() {
		t.Errorf("with a slash it is %d %s", slashed.Code, slashed.Body)
	}
	if next := ask(t, many(3), "/tasks/?limit=2").Header().Get("Link"); next != `<https://api.example/tasks?before=2&limit=2>; rel="next"` {
		t.Errorf("with a slash it goes on at %s", next)
	}
	if w := send(t, many(1), http.MethodHead, "/tasks"); w.Code != http.StatusOK {
		t.Errorf("HEAD is %d", w.Code)
	}
}

func TestTheListInXML(t *testing.T) {
	t.Parallel()
	want := []string{
		"tasks", " task", "  id 5", "  status RUNNING", "  description import into tools", " " + self,
		"  progress", "   task Importing into tools", "   amount 7.0",
	}
	if diff := cmp.Diff(want, read(t, ask(t, with(in(operation.Running)), "/tasks.xml"))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"tasks"}, read(t, ask(t, many(0), "/tasks.xml"))); diff != "" {
		t.Errorf("none (-want +got):\n%s", diff)
	}
	got := read(t, ask(t, many(3), "/tasks.xml?limit=2&status=WAITING"))
	onward := " {" + atom + "}link rel=next href=https://api.example/tasks.xml?before=2&limit=2&status=WAITING type=application/xml"
	if got[len(got)-1] != onward {
		t.Errorf("it ends with %s", got[len(got)-1])
	}
}

// A list that is followed to its end holds every task once.
func TestTheListGoesOn(t *testing.T) {
	t.Parallel()
	for n, limit := range map[int]int{1: 1, 5: 2, 6: 2, 100: 100, 101: 100} {
		m := many(n)
		var seen []int
		for next := fmt.Sprintf("/tasks?limit=%d", limit); next != ""; {
			w := ask(t, m, next)
			var page struct {
				Tasks []struct{ Task struct{ ID int } }
				Next  string
			}
			if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || len(page.Tasks) > limit {
				t.Fatalf("%d tasks, %v", len(page.Tasks), err)
			}
			for _, one := range page.Tasks {
				seen = append(seen, one.Task.ID)
			}
			if link := w.Header().Get("Link"); (link == "") != (page.Next == "") {
				t.Errorf("Link is %q, next is %q", link, page.Next)
			}
			next = strings.TrimPrefix(page.Next, "https://api.example")
		}
		slices.Reverse(seen)
		for i, id := range seen {
			if id != i+1 || len(seen) != n {
				t.Fatalf("of %d tasks, %d at a time: %v", n, limit, seen)
			}
		}
	}
}

func TestTheListHoldsWhatIsAskedFor(t *testing.T) {
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
		m := many(1)
		ask(t, m, "/tasks"+query)
		if diff := cmp.Diff(want, m.filter.States); diff != "" || m.filter.Limit != 101 {
			t.Errorf("%s: %+v", query, m.filter)
		}
	}
}

func TestTheListTellsWhatIsWrongWithTheQuery(t *testing.T) {
	t.Parallel()
	for query, parameter := range map[string]string{
		"status=DONE": "status", "status=": "status", "status=RUNNING,": "status", "limit=0": "limit", "limit=1001": "limit",
		"limit=": "limit", "limit=x": "limit", "limit=-1": "limit", "limit=99999999999999999999": "limit",
		"before=0": "before", "before=": "before", "before=x": "before", "before=-3": "before",
		"stauts=RUNNING": "stauts", "limit=1&limit=2": "limit", "%ff=1": "\uFFFD",
	} {
		w := ask(t, many(1), "/tasks?"+query)
		expectProblem(t, w, http.StatusBadRequest, "InvalidParameter")
		if !strings.Contains(w.Body.String(), `"parameter":"`+parameter+`"`) {
			t.Errorf("%s: %s", query, w.Body)
		}
	}
	expectProblem(t, ask(t, many(1), "/tasks?limit=%zz"), http.StatusBadRequest, "MalformedQuery")
	if w := ask(t, many(1), "/tasks?limit=1000"); w.Code != http.StatusOK {
		t.Errorf("the most is %d", w.Code)
	}
}
