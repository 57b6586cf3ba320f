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
)

// listing is a page of a list.
type listing struct {
	Value    []shown
	NextLink *string
}

// list reads one page.
func (h house) list(t *testing.T, query string) (ids []string, next string) {
	t.Helper()
	w := h.do(t, http.MethodGet, "/operations"+query)
	page := decode[listing](t, w)
	if w.Code != http.StatusOK || page.Value == nil {
		t.Fatalf("%s: %d %s", query, w.Code, w.Body)
	}
	for _, m := range page.Value {
		ids = append(ids, m.ID)
	}
	if page.NextLink == nil {
		return ids, ""
	}
	after, absolute := strings.CutPrefix(*page.NextLink, "https://api.example/operations")
	if !absolute {
		t.Fatalf("nextLink is %s", *page.NextLink)
	}
	return ids, after
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	waiting := h.accept(t, nil)
	running := h.accept(t, map[string]string{"team": "data", "batch": "7,8"})
	h.advance(t, running, store.Progress{Progress: 5})
	done := h.accept(t, map[string]string{"team": "data"})
	h.advance(t, done, store.Progress{Done: true})
	a, b, c := waiting.ID.String(), running.ID.String(), done.ID.String()
	at := func(name string, t time.Time) string {
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
		at("createdAfter", running.CreatedAt.In(east)):                      {c},
		at("createdBefore", running.CreatedAt):                              {a},
		at("createdBefore", running.CreatedAt.Add(1)):                       {b, a},
		at("createdAfter", running.CreatedAt.Add(-1)):                       {c, b},
		at("createdAfter", running.CreatedAt.Add(-1)) + "&status=Succeeded": {c},
	} {
		got, next := h.list(t, query)
		if diff := cmp.Diff(want, got); diff != "" || next != "" {
			t.Errorf("%s: next %q (-want +got):\n%s", query, next, diff)
		}
	}
}

// The failed are those that timed out, too: the dialect has one word for both.
func TestListTakesAllStatesOfAWord(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	op, err := h.store.Accept(t.Context(), store.Draft{Reference: "R1", Kind: "search", Collection: "tools", Lanes: 1, PollWithin: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	if ids, err := h.store.TimeOutUnpolled(t.Context(), 10); err != nil || len(ids) != 1 {
		t.Fatalf("%v, %v", ids, err)
	}
	if got, _ := h.list(t, "?status=Failed"); !slices.Equal(got, []string{op.ID.String()}) {
		t.Errorf("the failed are %v", got)
	}
}

func TestPagesLeadToEachOther(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var want, got []string
	for range 5 {
		want = append(want, h.accept(t, map[string]string{"team": "a & b"}).ID.String())
		h.accept(t, nil)
	}
	slices.Reverse(want)
	query := "?maxpagesize=2&label=team%3Da+%26+b"
	for pages := 0; query != ""; pages++ {
		ids, next := h.list(t, query)
		got, query = append(got, ids...), next
		h.accept(t, map[string]string{"team": "a & b"})
		if pages > 3 {
			t.Fatal("the list does not end")
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the list (-want +got):\n%s", diff)
	}
	if _, next := h.list(t, "?maxpagesize=10"); next == "" {
		t.Error("the first ten of more have no next")
	}
}

func TestListsRefuseWhatTheyDoNotUnderstand(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for range 3 {
		h.accept(t, nil)
	}
	_, next := h.list(t, "?maxpagesize=1")
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
		w := h.do(t, http.MethodGet, "/operations"+query)
		if got := decode[struct{ Parameter string }](t, w); w.Code != http.StatusBadRequest || got.Parameter != parameter {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
	if got, _ := h.list(t, "?cursor="+cursor); len(got) != 2 {
		t.Errorf("the rest of the list is %v", got)
	}
}
