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
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

// listed is google.longrunning.ListOperationsResponse as clients read it.
type listed struct {
	Operations    []longrunning
	NextPageToken *string
}

func TestList(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Running)
	w := f.send(t, http.MethodGet, "/v1/operations?%24alt=json%3Benum-encoding%3Dint&pageToken=here")
	edgetest.CheckStatus(t, w, http.StatusOK)
	got := edgetest.Decode[listed](t, w)
	if len(got.Operations) != 1 || got.Operations[0].Name != "operations/"+id.String() {
		t.Errorf("operations = %+v, want the one with id %s", got.Operations, id)
	}
	if got.NextPageToken == nil || *got.NextPageToken != "more" {
		t.Errorf("nextPageToken in %s, want more", w.Body)
	}
	if f.cursor != "here" {
		t.Errorf("cursor = %q, want here", f.cursor)
	}
}

func TestListPageSize(t *testing.T) {
	t.Parallel()
	const invalid = 0
	for query, want := range map[string]int{
		"": 50, "?pageSize=0": 50, "?pageSize=7": 7, "?page_size=8": 8, "?pageSize=1000": 1000, "?pageSize=1001": 1000, "?pageSize=2147483647": 1000,
		"?pageSize=-1": invalid, "?pageSize=ten": invalid, "?pageSize=9999999999": invalid,
	} {
		t.Run("query "+query, func(t *testing.T) {
			t.Parallel()
			f := newFake(operation.Running)
			status := http.StatusOK
			if want == invalid {
				status = http.StatusBadRequest
			}
			edgetest.CheckStatus(t, f.send(t, http.MethodGet, "/v1/operations"+query), status)
			if f.filter.Limit != want {
				t.Errorf("limit = %d, want %d", f.filter.Limit, want)
			}
		})
	}
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	finished := []operation.State{operation.Succeeded, operation.Failed, operation.Cancelled, operation.TimedOut}
	for filter, want := range map[string]store.Filter{
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
		t.Run(filter, func(t *testing.T) {
			t.Parallel()
			f := newFake(operation.Running)
			want.Limit = 50
			edgetest.CheckStatus(t, f.send(t, http.MethodGet, "/v1/operations?filter="+url.QueryEscape(filter)), http.StatusOK)
			if diff := cmp.Diff(want, f.filter); diff != "" {
				t.Errorf("filter (-want +got):\n%s", diff)
			}
		})
	}
}

// A contradictory filter matches no operation, and is no error.
func TestListContradictoryFilter(t *testing.T) {
	t.Parallel()
	for _, filter := range []string{
		"done=true AND done=false", "done=true AND state=RUNNING", "kind=import AND kind=search", `labels.a=1 AND labels.a=2`, "collection=a AND collection=b",
	} {
		t.Run(filter, func(t *testing.T) {
			t.Parallel()
			f := newFake(operation.Running)
			w := f.send(t, http.MethodGet, "/v1/operations?filter="+url.QueryEscape(filter))
			edgetest.CheckStatus(t, w, http.StatusOK)
			edgetest.CheckBody(t, w, `{"operations":[],"nextPageToken":""}`)
			if f.filter.Limit != 0 {
				t.Error("the store was queried")
			}
		})
	}
}

func TestListRejectsInvalidFilter(t *testing.T) {
	t.Parallel()
	for _, filter := range []string{
		"color=red", "kind", "kind=", `kind=""`, `kind="import`, "kind!=import", "kind>import", "kind:import", "done=maybe", "done=1", "state=", `state=""`,
		"state=Running", "state=RUNNING OR state=PENDING", "NOT done=true", "(done=true)", "done=true AND", "AND done=true", "done=true and state=RUNNING",
		"done=true state=RUNNING", "done=trueANDkind=import", "createTime=2026-01-02T03:04:05Z", "createTime>yesterday", "createTime>0000-01-01T00:00:00Z",
		"labels.=x", "labels.-=x", "collection=\"a\x00\"", "collection=\"\xff\"", "kind=import\x00", `labels.a="` + strings.Repeat("x", 3000) + `"`,
	} {
		t.Run(filter[:min(len(filter), 40)], func(t *testing.T) {
			t.Parallel()
			w := newFake(operation.Running).send(t, http.MethodGet, "/v1/operations?filter="+url.QueryEscape(filter))
			edgetest.CheckProblem(t, w, http.StatusBadRequest, "InvalidFilter")
		})
	}
}
