package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
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

// A collection whose key has two members, one of them a number, in a table that takes seconds to
// search.
const (
	bookFile = `{"x-longshore": {"table": "public.books", "key": ["shelf", "place"]}, "type": "object",
  "properties": {"shelf": {"type": "string"}, "place": {"type": "integer"}, "title": {"type": "string"}, "price": {"type": ["number", "null"]},
    "tags": {"type": "array", "items": {"type": "string"}}, "printed": {"type": "string"}}}`
	bookTable = `CREATE TABLE books (shelf TEXT COLLATE "C", place INT, title TEXT, price NUMERIC(9, 2), tags TEXT[], printed DATE,
  import_number BIGINT, import_row INT, PRIMARY KEY (shelf, place))`
	books = 300_000
	// rareBooks is the number of books with "rare" in the title: every 3,000th.
	rareBooks = books / 3_000
	fillBooks = `INSERT INTO books SELECT chr(97 + n % 26), n,
  concat_ws(' ', CASE WHEN n % 3000 = 0 THEN 'rare' END, md5(n::text), md5((n + 1)::text)),
  n % 1000 / 100.0, ARRAY['t' || n % 7], date '2000-01-01' + n % 3000 FROM generate_series(1, 300000) n; ANALYZE books`
)

// search is a response of the search dialect (seed 001).
type search struct {
	Code   int         `json:"-"`
	Header http.Header `json:"-"`

	Status    string
	Progress  *int
	StartTime string `json:"start_time"`
	Links     []struct{ Rel, Href string }
	Result    []json.RawMessage
	Counts    struct {
		Returned, Scanned int
		Truncated         bool
	}
	Error *struct{ Code, Message string }
}

func (s search) link(rel string) string {
	for _, l := range s.Links {
		if l.Rel == rel {
			return l.Href
		}
	}
	return ""
}

// readSearch decodes a response and checks what every response about a search has in common.
func readSearch(t *testing.T, resp *client.Response, err error) search {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	s := search{Code: resp.Status, Header: resp.Header}
	if resp.Status != http.StatusOK && resp.Status != http.StatusCreated && resp.Status != http.StatusAccepted {
		t.Fatalf("got %d %s, want 200, 201 or 202", resp.Status, resp.Body)
	}
	if err := json.Unmarshal(resp.Body, &s); err != nil {
		t.Fatalf("%s: %v", resp.Body, err)
	}
	_, err = time.Parse("Mon Jan 02 15:04:05 MST 2006", s.StartTime)
	if err != nil || !strings.Contains(s.StartTime, " GMT ") || s.Progress == nil {
		t.Errorf("got start_time %q, progress %v, want a date in GMT and a number", s.StartTime, s.Progress)
	}
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if (resp.Status == http.StatusAccepted) != (err == nil) || err == nil && (seconds < 1 || seconds > 60) {
		t.Errorf("got %d with Retry-After %q, want 1 to 60 with a 202 only", resp.Status, resp.Header.Get("Retry-After"))
	}
	if (s.Status == "IN_PROGRESS") != (resp.Status == http.StatusAccepted) {
		t.Errorf("got %d with status %s, want IN_PROGRESS with a 202 only", resp.Status, s.Status)
	}
	return s
}

func post(t *testing.T, s *stack.Stack, query string, headers ...string) search {
	t.Helper()
	header := make(http.Header)
	for i := 0; i < len(headers); i += 2 {
		header.Set(headers[i], headers[i+1])
	}
	resp, err := s.Client().Do(t.Context(), http.MethodPost, "/search",
		client.RequestBody{Type: "application/json", Header: header, Content: []byte(query)})
	return readSearch(t, resp, err)
}

func poll(t *testing.T, s *stack.Stack, address string) search {
	t.Helper()
	resp, err := s.Client().Get(t.Context(), address)
	return readSearch(t, resp, err)
}

// finish polls until the search is finished. Its progress must never decrease.
func finish(t *testing.T, s *stack.Stack, now search) search {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for now.Code == http.StatusAccepted {
		if err := await.Sleep(ctx, 50*time.Millisecond); err != nil {
			t.Fatalf("search is %s at %d %%, want it finished: %v", now.Status, *now.Progress, err)
		}
		next := poll(t, s, now.link("status"))
		if *next.Progress < *now.Progress {
			t.Errorf("progress went from %d to %d, want no decrease", *now.Progress, *next.Progress)
		}
		now = next
	}
	return now
}

// placesOf returns the places of the found books.
func placesOf(t *testing.T, s search) []int {
	t.Helper()
	var all []int
	for _, r := range s.Result {
		var book struct{ Place int }
		if err := json.Unmarshal(r, &book); err != nil {
			t.Fatal(err)
		}
		all = append(all, book.Place)
	}
	return all
}

func startWithBooks(t *testing.T, o stack.Options) *stack.Stack {
	t.Helper()
	o.Collections, o.Tables = collectionFolder(t, "books", bookFile), bookTable
	s := stack.Start(t, o)
	s.Exec(fillBooks)
	return s
}

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
			client.RequestBody{Header: http.Header{"Operation-Id": {id}}, Content: []byte(`{"limit":2}`)})
		expectRefusal(t, resp, err, http.StatusBadRequest, "operation-id-in-use")
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
		expectRefusal(t, resp, err, http.StatusNotFound, "search-not-found")
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
		expectRefusal(t, resp, err, http.StatusGone, "operation-expired")
	})
	t.Run("rejected", func(t *testing.T) { expectRejectedSearches(t, s.WithTB(t)) })
}

func expectRefusal(t *testing.T, resp *client.Response, err error, status int, code string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	p, err := resp.Problem()
	if err != nil || p.Status != status || p.Code() != code {
		t.Errorf("got %d %s (%v), want %d %s", p.Status, p.Code(), err, status, code)
	}
}

func expectRejectedSearches(t *testing.T, s *stack.Stack) {
	t.Helper()
	for _, tt := range []struct {
		body   client.RequestBody
		status int
		code   string
	}{
		{client.RequestBody{Content: []byte(``)}, 400, "malformed-query"},
		{client.RequestBody{Content: []byte(`null`)}, 400, "malformed-query"},
		{client.RequestBody{Content: []byte(`{"query":`)}, 400, "malformed-query"},
		{client.RequestBody{Content: []byte(`{"limit":1}{"limit":2}`)}, 400, "malformed-query"},
		{client.RequestBody{Content: []byte(`{"collection":7}`)}, 400, "malformed-query"},
		{client.RequestBody{Content: []byte(`{"select":"*"}`)}, 400, "malformed-query"},
		{client.RequestBody{Content: []byte(`{"collection":"nothing"}`)}, 422, "invalid-query"},
		{client.RequestBody{Content: []byte(`{"limit":10001}`)}, 422, "invalid-query"},
		{client.RequestBody{Content: []byte(`{"limit":0}`)}, 422, "invalid-query"},
		{client.RequestBody{Content: []byte(`{"filter":{"price":1}}`)}, 422, "invalid-query"},
		{client.RequestBody{Content: []byte(`{"filter":{"category":7}}`)}, 422, "invalid-query"},
		{client.RequestBody{Content: []byte(`{"query":"\u0000"}`)}, 422, "invalid-query"},
		{client.RequestBody{Content: []byte(`{"query":"` + strings.Repeat("x", 300_000) + `"}`)}, 413, "query-too-large"},
		{client.RequestBody{Type: "text/csv", Content: []byte(`{}`)}, 415, "unsupported-media-type"},
		{client.RequestBody{Encoding: "gzip", Content: []byte(`{}`)}, 415, "unsupported-content-encoding"},
		{client.RequestBody{Header: http.Header{"Longshore-Retention": {"4m"}}, Content: []byte(`{}`)}, 400, "invalid-retention"},
		{client.RequestBody{Header: http.Header{"Longshore-Retention": {"8d"}}, Content: []byte(`{}`)}, 400, "invalid-retention"},
		{client.RequestBody{Header: http.Header{"Operation-Id": {"7"}}, Content: []byte(`{}`)}, 400, "invalid-operation-id"},
	} {
		resp, err := s.Client().Do(t.Context(), http.MethodPost, "/search", tt.body)
		t.Logf("%.60s", tt.body.Content)
		expectRefusal(t, resp, err, tt.status, tt.code)
	}
	for _, address := range []string{"/search/status/x", "/search/status/%00", "/search/status/0192f000-0000-7000-8000-000000000000"} {
		resp, err := s.Client().Get(t.Context(), address)
		if err != nil || resp.Status != http.StatusNotFound {
			t.Errorf("GET %s: got %+v (%v), want 404", address, resp, err)
		}
	}
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
		diff := cmp.Diff([]int{books, books - 3000}, placesOf(t, now))
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

func (s search) id() string {
	address := s.link("status")
	return address[strings.LastIndex(address, "/")+1:]
}
