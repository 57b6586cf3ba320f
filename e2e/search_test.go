package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

func TestSearchQuick(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_SEARCH_MOMENT=10s"}})
	s.WaitFor(s.SubmitJSON(tool.SampleJSON), "Succeeded")
	all := post(t, s, `{}`)
	want, err := json.Marshal(tool.Sample())
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(all.Result)
	if err != nil {
		t.Fatal(err)
	}
	diff := cmp.Diff(decodeExactly(t, string(want)), decodeExactly(t, string(got)))
	if diff != "" || all.Code != http.StatusCreated || all.Status != "COMPLETED" {
		t.Errorf("got %d %s, want 201 COMPLETED; results (-want +got):\n%s", all.Code, all.Status, diff)
	}
	t.Run("the_same_id_is_the_same_search", func(t *testing.T) {
		s := s.WithTB(t)
		const id = "0192f000-0000-7000-8000-0000000000aa"
		first := post(t, s, `{"collection":"tools","limit":1}`, "Operation-Id", id)
		again := post(t, s, `{"limit":1,"collection":"tools"}`, "Operation-Id", id)
		if len(first.Result) != 1 || first.link("status") != again.link("status") || !strings.HasSuffix(first.link("status"), id) {
			t.Errorf("got %+v and %+v, want the same search with one result", first, again)
		}
		resp, err := s.Client().Do(t.Context(), http.MethodPost, "/search",
			client.RequestBody{Type: "application/json", Header: http.Header{"Operation-Id": {id}}, Content: []byte(`{"limit":2}`)})
		expectRejected(t, resp, err, http.StatusBadRequest, "operation-id-in-use")
	})
	t.Run("other_dialects", func(t *testing.T) {
		s := s.WithTB(t)
		now := post(t, s, `{"limit":1}`, "Longshore-Labels", "team=data", "Longshore-Retention", "5m")
		monitor, err := s.Client().Get(t.Context(), now.Header.Get("Operation-Location"))
		if err != nil || monitor.Status != http.StatusOK || !strings.Contains(string(monitor.Body), `"kind":"search"`) {
			t.Errorf("monitor is %s (%v), want kind search", monitor.Body, err)
		}
		op := s.SubmitJSON(tool.SampleJSON)
		resp, err := s.Client().Get(t.Context(), "/search/status/"+op.ID)
		expectRejected(t, resp, err, http.StatusNotFound, "search-not-found")
		s.WaitFor(op, "Succeeded")
	})
	t.Run("pruned", func(t *testing.T) {
		s := s.WithTB(t)
		now := post(t, s, `{"limit":1}`)
		resp, err := s.Client().Do(t.Context(), http.MethodDelete, now.link("status"), client.RequestBody{})
		if err != nil || resp.Status != http.StatusNoContent {
			t.Fatalf("got %+v (%v), want status 204", resp, err)
		}
		resp, err = s.Client().Get(t.Context(), now.link("status"))
		expectRejected(t, resp, err, http.StatusGone, "operation-expired")
	})
	t.Run("rejected", func(t *testing.T) { expectRejectedSearches(t, s.WithTB(t)) })
}

func TestSearchSlow(t *testing.T) {
	t.Parallel()
	s := startWithBooks(t, stack.Options{})
	t.Run("partial_results", func(t *testing.T) {
		s := s.WithTB(t)
		now := post(t, s, `{"collection":"books","query":"rare","limit":10000}`)
		if now.Code != http.StatusAccepted || now.link("status") != now.Header.Get("Location") || now.Header.Get("Operation-Location") == "" {
			t.Fatalf("got %d, links %v, headers %v, want 202 with Location and Operation-Location", now.Code, now.Links, now.Header)
		}
		var partial search
		await.Until(t, time.Minute, "partial results", func() bool {
			partial = poll(t, s, now.link("status"))
			return len(partial.Result) > 0
		})
		if partial.Code != http.StatusAccepted || *partial.Progress < 1 || *partial.Progress > 99 {
			t.Errorf("got %d with %d results at %d %%, want 202 at 1 to 99 %%", partial.Code, len(partial.Result), *partial.Progress)
		}
		end := finish(t, s, now)
		if end.Status != "COMPLETED" || len(end.Result) != rareBooks || end.Counts.Scanned != books || *end.Progress != 100 {
			t.Errorf("got %s with %d results, want %d; counts are %+v", end.Status, len(end.Result), rareBooks, end.Counts)
		}
		t.Run("paged", func(t *testing.T) {
			var paged []json.RawMessage
			for address := end.link("status") + "?limit=30"; address != ""; {
				page := poll(t, s, address)
				paged = append(paged, page.Result...)
				address = page.link("next")
			}
			if diff := cmp.Diff(end.Result, paged); diff != "" {
				t.Errorf("pages (-want +got):\n%s", diff)
			}
		})
	})
	t.Run("prefer_wait", func(t *testing.T) {
		s := s.WithTB(t)
		now := post(t, s, `{"collection":"books","query":"rare","sort":["-place"],"limit":2}`, "Prefer", "wait=50")
		diff := cmp.Diff([]int{books, books - rareEvery}, placesOf(t, now))
		if diff != "" || now.Code != http.StatusCreated || now.Header.Get("Preference-Applied") == "" {
			t.Errorf("got %d %s, want 201; places (-want +got):\n%s", now.Code, now.Status, diff)
		}
	})
	t.Run("sorted_and_filtered", func(t *testing.T) {
		s := s.WithTB(t)
		for query, want := range map[string]string{
			`"sort":["-price","place"],"limit":3`:                                   `ORDER BY price DESC, place LIMIT 3`,
			`"sort":["printed","-price","title"],"filter":{"shelf":"b"},"limit":50`: `WHERE shelf = 'b' ORDER BY printed, price DESC, title LIMIT 50`,
			`"filter":{"price":{"gte":9.99},"tags":{"contains":"t3"}},"limit":100`:  `WHERE price >= 9.99 AND 't3' = ANY (tags) ORDER BY shelf, place LIMIT 100`,
			`"filter":{"printed":{"in":["2000-01-01","2008-03-17"]}},"limit":7`:     `WHERE printed IN ('2000-01-01', '2008-03-17') ORDER BY shelf, place LIMIT 7`,
			`"filter":{"shelf":"c","place":2}`:                                      `WHERE shelf = 'c' AND place = 2`,
		} {
			end := finish(t, s, post(t, s, `{"collection":"books",`+query+`}`))
			rows, err := s.DB().Query(t.Context(), `SELECT place FROM books `+want)
			if err != nil {
				t.Fatal(err)
			}
			wanted, err := pgx.CollectRows(rows, pgx.RowTo[int])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wanted, placesOf(t, end)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", query, diff)
			}
		}
	})
	t.Run("cancelled", func(t *testing.T) { expectCancelled(t, s.WithTB(t)) })
}

// searchersIdle is a query that is true when no searcher runs a statement.
const searchersIdle = `SELECT NOT EXISTS (SELECT FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'longshore-searcher' AND state <> 'idle')`

func expectCancelled(t *testing.T, s *stack.Stack) {
	t.Helper()
	tx, err := s.DB().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), `LOCK TABLE books`); err != nil { // a statement that reads it does not end
		t.Fatal(err)
	}
	now := post(t, s, `{"collection":"books","query":"rare"}`)
	s.WaitForSQL(10*time.Second, "a step to be blocked", strings.Replace(searchersIdle, "NOT", "", 1))
	cancelled := time.Now()
	resp, err := s.Client().Do(t.Context(), http.MethodDelete, now.link("status"), client.RequestBody{})
	if left := readSearch(t, resp, err); left.Status != "CANCELLED_BY_USER" || left.Code != http.StatusOK {
		t.Errorf("cancel: got %d %s, want 200 CANCELLED_BY_USER", left.Code, left.Status)
	}
	s.WaitForSQL(5*time.Second, "the searcher to be idle", searchersIdle)
	elapsed := time.Since(cancelled)
	t.Logf("the searcher was idle %s after DELETE", elapsed)
	if elapsed > time.Second {
		t.Errorf("the searcher was idle after %s, want at most 1s", elapsed)
	}
	if end := poll(t, s, now.link("status")); end.Code != http.StatusCreated || end.Status != "CANCELLED_BY_USER" || end.Error == nil {
		t.Errorf("got %d %s with error %+v, want 201 CANCELLED_BY_USER with an error", end.Code, end.Status, end.Error)
	}
}
