package azure_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

// shownPage is a page of a list.
type shownPage struct {
	Value    []shownStatus
	NextLink *string
}

// list returns the ids of one page, and the query of the next page.
func (f *fixture) list(t *testing.T, query string) (ids []string, next string) {
	t.Helper()
	w := f.send(t, http.MethodGet, "/operations"+query)
	edgetest.CheckStatus(t, w, http.StatusOK)
	page := edgetest.Decode[shownPage](t, w)
	if page.Value == nil {
		t.Fatalf("list of %q has no value: %s", query, w.Body)
	}
	for _, status := range page.Value {
		ids = append(ids, status.ID)
	}
	if page.NextLink == nil {
		return ids, ""
	}
	next, found := strings.CutPrefix(*page.NextLink, "https://api.example/operations")
	if !found {
		t.Fatalf("nextLink = %s, want an address of the list", *page.NextLink)
	}
	return ids, next
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	waiting := f.accept(t, nil)
	running := f.accept(t, map[string]string{"team": "data", "batch": "7,8"})
	f.step(t, running, store.Progress{Progress: 5})
	succeeded := f.accept(t, map[string]string{"team": "data"})
	f.step(t, succeeded, store.Progress{Done: true})
	a, b, c := waiting.ID.String(), running.ID.String(), succeeded.ID.String()
	timeQuery := func(name string, t time.Time) string {
		return "?" + url.Values{name: {t.Format(time.RFC3339Nano)}}.Encode()
	}
	east := time.FixedZone("east", 3600*5)
	for query, want := range map[string][]string{
		"":                                   {c, b, a},
		"?kind=report":                       {c, b, a},
		"?kind=import":                       nil,
		"?collection=tools":                  {c, b, a},
		"?collection=spoons":                 nil,
		"?status=Succeeded":                  {c},
		"?status=NotStarted,Running":         {b, a},
		"?status=NotStarted&status=Running":  {b, a},
		"?status=Failed":                     nil,
		"?label=team=data":                   {c, b},
		"?label=team%3Ddata&label=batch=7,8": {b},
		"?api-version=2026-01-01":            {c, b, a},
		"?maxpagesize=99999999999999999999":  {c, b, a},
		timeQuery("createdAfter", running.CreatedAt.In(east)):                      {c},
		timeQuery("createdBefore", running.CreatedAt):                              {a},
		timeQuery("createdBefore", running.CreatedAt.Add(1)):                       {b, a},
		timeQuery("createdAfter", running.CreatedAt.Add(-1)):                       {c, b},
		timeQuery("createdAfter", running.CreatedAt.Add(-1)) + "&status=Succeeded": {c},
	} {
		t.Run(query, func(t *testing.T) {
			got, next := f.list(t, query)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("ids (-want +got):\n%s", diff)
			}
			if next != "" {
				t.Errorf("next = %q, want none", next)
			}
		})
	}
}

// Failed is the status of failed operations and of those that timed out.
func TestListByStatusOfSeveralStates(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op, err := f.store.Accept(t.Context(), store.Draft{Reference: "R1", Kind: "search", Collection: "tools", Lanes: 1, PollWithin: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	if ids, err := f.store.TimeOutUnpolled(t.Context(), 10); err != nil || len(ids) != 1 {
		t.Fatalf("TimeOutUnpolled() = %v, %v, want one operation", ids, err)
	}
	if got, _ := f.list(t, "?status=Failed"); !slices.Equal(got, []string{op.ID.String()}) {
		t.Errorf("ids = %v, want %v", got, op.ID)
	}
}

func TestListPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var want, got []string
	for range 5 {
		want = append(want, f.accept(t, map[string]string{"team": "a & b"}).ID.String())
		f.accept(t, nil)
	}
	slices.Reverse(want)
	query := "?maxpagesize=2&label=team%3Da+%26+b"
	for pages := 0; query != ""; pages++ {
		ids, next := f.list(t, query)
		got, query = append(got, ids...), next
		f.accept(t, map[string]string{"team": "a & b"}) // on no page, because it is newer than the first
		if pages > 3 {
			t.Fatal("the list does not end")
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
	if _, next := f.list(t, "?maxpagesize=10"); next == "" {
		t.Error("next is missing on the first of several pages")
	}
}

func TestListRejectsInvalidQuery(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 3 {
		f.accept(t, nil)
	}
	_, next := f.list(t, "?maxpagesize=1")
	cursor := regexp.MustCompile(`cursor=([^&]+)`).FindStringSubmatch(next)[1]
	for query, parameter := range map[string]string{
		"?kind=": "kind", "?kind=Import": "kind", "?kind=import&kind=report": "kind", "?state=Running": "state", "?%ff=1": "\uFFFD",
		"?collection=": "collection", "?collection=%ff": "collection", "?collection=a%00": "collection",
		"?status=": "status", "?status=RUNNING": "status", "?status=Running,": "status", "?status=running&status=x": "status",
		"?createdAfter=yesterday": "createdAfter", "?createdAfter=2026-01-01": "createdAfter", "?createdBefore=": "createdBefore",
		"?createdBefore=0001-01-01T00:00:00Z": "createdBefore",
		"?label=":                             "label", "?label=team": "label", "?label=%00=x": "label", "?label=a=%ff": "label", "?label=a=1&label=a=2": "label",
		"?maxpagesize=0": "maxpagesize", "?maxpagesize=-1": "maxpagesize", "?maxpagesize=ten": "maxpagesize", "?maxpagesize=": "maxpagesize",
		"?cursor=": "cursor", "?cursor=x": "", "?cursor=" + cursor + "A": "", "?cursor=" + cursor + "&kind=import": "", "?a=%zz": "",
	} {
		t.Run(query, func(t *testing.T) {
			w := f.send(t, http.MethodGet, "/operations"+query)
			edgetest.CheckStatus(t, w, http.StatusBadRequest)
			if got := edgetest.Decode[struct{ Parameter string }](t, w).Parameter; got != parameter {
				t.Errorf("parameter = %q, want %q", got, parameter)
			}
		})
	}
	if got, _ := f.list(t, "?cursor="+cursor); len(got) != 2 {
		t.Errorf("list after the cursor has %d operations, want 2", len(got))
	}
}
