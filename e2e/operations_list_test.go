package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// readListPage reads one page of the list of operations and returns its ids and the next link.
func readListPage(t *testing.T, s *stack.Stack, address string) (ids []string, next string) {
	t.Helper()
	resp, err := s.Client().Get(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	var page struct {
		Value    []client.Monitor
		NextLink string
	}
	if err := json.Unmarshal(resp.Body, &page); err != nil || resp.Status != http.StatusOK {
		t.Fatalf("GET %s: status %d, want 200: %s", address, resp.Status, resp.Body)
	}
	for _, m := range page.Value {
		ids = append(ids, m.ID)
	}
	if page.NextLink != "" && !strings.HasPrefix(page.NextLink, s.Client().Base()+"/operations?") {
		t.Errorf("nextLink is %s, want an absolute URL of /operations", page.NextLink)
	}
	return ids, page.NextLink
}

// TestListPagesDuringInserts reads a list page by page while operations are added. Those that
// existed before the first page are listed once and in order.
func TestListPagesDuringInserts(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	submit := func(team string) client.Accepted {
		op, err := s.Client().Import(t.Context(), "tools", client.RequestBody{
			Type: "application/json", Content: tool.SampleJSON, Header: http.Header{"Longshore-Labels": {"team=" + team}},
		})
		if err != nil {
			t.Error(err)
		}
		return op
	}
	var want []string
	var last client.Accepted
	for range 12 {
		op := submit("a & b")
		want = append(want, op.ID)
		last = submit("other")
	}
	s.WaitFor(last, "Succeeded")
	slices.Reverse(want)
	ctx, stop := context.WithCancel(t.Context())
	arrived := make(chan bool)
	go func() {
		defer close(arrived)
		for ctx.Err() == nil {
			submit("a & b")
			select {
			case arrived <- true:
			case <-ctx.Done():
			}
		}
	}()
	var got []string
	query := url.Values{"label": {"team=a & b"}, "maxpagesize": {"2"}}
	for address := "/operations?" + query.Encode(); address != ""; <-arrived {
		var ids []string
		ids, address = readListPage(t, s, address)
		got = append(got, ids...)
	}
	stop()
	for range arrived { // the goroutine must end before the stack does
		continue
	}
	first := max(slices.Index(got, want[0]), 0) // the first page may start with operations added before it
	if !slices.Equal(got[first:], want) {
		t.Errorf("listed ids are\n%v, want\n%v", got[first:], want)
	}
}
