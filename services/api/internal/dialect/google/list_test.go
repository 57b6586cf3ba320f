package google_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// listed is what the family's clients read of a list.
type listed struct {
	Operations    []longrunning
	NextPageToken *string
}

func TestAListIsAPage(t *testing.T) {
	t.Parallel()
	m := &watcher{op: in(operation.Running)}
	got := decode[listed](t, send(t, m, http.MethodGet, "/v1/operations?%24alt=json%3Benum-encoding%3Dint&pageToken=here"))
	if len(got.Operations) != 1 || got.Operations[0].Name != "operations/"+id.String() || *got.NextPageToken != "more" || m.cursor != "here" {
		t.Errorf("%+v, from %q", got, m.cursor)
	}
}

func TestPageSizes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"": 50, "?pageSize=0": 50, "?pageSize=7": 7, "?page_size=8": 8, "?pageSize=1000": 1000, "?pageSize=1001": 1000, "?pageSize=2147483647": 1000,
		"?pageSize=-1": 0, "?pageSize=ten": 0, "?pageSize=9999999999": 0,
	} {
		m := &watcher{op: in(operation.Running)}
		w := send(t, m, http.MethodGet, "/v1/operations"+text)
		if m.listed.Limit != want || (w.Code == http.StatusOK) != (want > 0) || want == 0 && w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d, a page of %d", text, w.Code, m.listed.Limit)
		}
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	finished := []operation.State{operation.Succeeded, operation.Failed, operation.Cancelled, operation.TimedOut}
	for text, want := range map[string]store.Filter{
		"":                                 {},
		"  ":                               {},
		`kind="import"`:                    {Kind: operation.Import},
		`metadata.kind = import`:           {Kind: operation.Import},
		`kind="import" AND done=true`:      {Kind: operation.Import, States: finished},
		`done=true AND state="TIMED_OUT"`:  {States: []operation.State{operation.TimedOut}},
		`state=PENDING`:                    {States: []operation.State{operation.Waiting}},
		`collection = "tools"`:             {Collection: "tools"},
		`labels.team="a \"b\" \\ AND x=1"`: {Labels: map[string]string{"team": `a "b" \ AND x=1`}},
		`labels.a=1 AND labels.b.c/d=""`:   {Labels: map[string]string{"a": "1", "b.c/d": ""}},
		`createTime>"2026-01-02T03:04:05Z" AND create_time<="2026-01-02T03:04:06Z"`: {
			CreatedFrom: sealed.Add(time.Microsecond), CreatedBefore: sealed.Add(time.Second + time.Microsecond),
		},
		`createTime>=2026-01-02T03:04:05Z AND createTime<2026-01-02T03:04:06.0000001Z AND createTime<"2027-01-01T00:00:00Z"`: {
			CreatedFrom: sealed, CreatedBefore: sealed.Add(time.Second + time.Microsecond),
		},
	} {
		m := &watcher{op: in(operation.Running)}
		want.Limit = 50
		w := send(t, m, http.MethodGet, "/v1/operations?filter="+url.QueryEscape(text))
		if diff := cmp.Diff(want, m.listed); diff != "" || w.Code != http.StatusOK {
			t.Errorf("%s: %d %s (-want +got):\n%s", text, w.Code, w.Body, diff)
		}
	}
}

// What no operation can be finds none, and is no fault.
func TestContradictionsFindNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"done=true AND done=false", "done=true AND state=RUNNING", "kind=import AND kind=search", `labels.a=1 AND labels.a=2`, "collection=a AND collection=b",
	} {
		m := &watcher{op: in(operation.Running)}
		got := decode[listed](t, send(t, m, http.MethodGet, "/v1/operations?filter="+url.QueryEscape(text)))
		if got.Operations == nil || len(got.Operations) != 0 || got.NextPageToken == nil || *got.NextPageToken != "" || m.listed.Limit != 0 {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

func TestFiltersThatAreNotUnderstoodAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"color=red", "kind", "kind=", `kind=""`, `kind="import`, "kind!=import", "kind>import", "kind:import", "done=maybe", "done=1", "state=", `state=""`,
		"state=Running", "state=RUNNING OR state=PENDING", "NOT done=true", "(done=true)", "done=true AND", "AND done=true", "done=true and state=RUNNING",
		"done=true state=RUNNING", "done=trueANDkind=import", "createTime=2026-01-02T03:04:05Z", "createTime>yesterday", "createTime>0000-01-01T00:00:00Z",
		"labels.=x", "labels.-=x", "collection=\"a\x00\"", "collection=\"\xff\"", "kind=import\x00", `labels.a="` + strings.Repeat("x", 3000) + `"`,
	} {
		m := &watcher{op: in(operation.Running)}
		w := send(t, m, http.MethodGet, "/v1/operations?filter="+url.QueryEscape(text))
		if w.Code != http.StatusBadRequest || w.Header().Get("X-Ms-Error-Code") != "InvalidFilter" {
			t.Errorf("%q: %d %s", text, w.Code, w.Body)
		}
	}
}
