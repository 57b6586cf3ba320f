package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
)

// A collection whose key has two members, one of them a number, in a table that takes seconds to
// search.
const (
	bookFile = `{"x-longshore": {"table": "public.books", "key": ["shelf", "place"]}, "type": "object",
  "properties": {"shelf": {"type": "string"}, "place": {"type": "integer"}, "title": {"type": "string"}, "price": {"type": ["number", "null"]},
    "tags": {"type": "array", "items": {"type": "string"}}, "printed": {"type": "string"}}}`
	bookTable = `CREATE TABLE books (shelf TEXT COLLATE "C", place INT, title TEXT, price NUMERIC(9, 2), tags TEXT[], printed DATE,
  import_number BIGINT, import_row INT, PRIMARY KEY (shelf, place))`
	books = 150_000
	// rareEvery is the distance of the books with "rare" in the title.
	rareEvery = 1_500
	// rareBooks is their number.
	rareBooks = books / rareEvery
	fillBooks = `INSERT INTO books SELECT chr(97 + n % 26), n,
  concat_ws(' ', CASE WHEN n % 1500 = 0 THEN 'rare' END, md5(n::text), md5((n + 1)::text)),
  n % 1000 / 100.0, ARRAY['t' || n % 7], date '2000-01-01' + n % 3000 FROM generate_series(1, 150000) n; ANALYZE books`
)

// searchTimeout bounds a search of all books, on a machine that runs other tests too.
const searchTimeout = 3 * time.Minute

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
	ctx, cancel := context.WithTimeout(t.Context(), searchTimeout)
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

func (s search) id() string {
	address := s.link("status")
	return address[strings.LastIndex(address, "/")+1:]
}
