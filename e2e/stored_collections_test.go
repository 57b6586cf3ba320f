package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
)

// The collection "shelves" belongs to a table without any column of Longshore.
const (
	shelvesTable = `CREATE TABLE shelves (id INT PRIMARY KEY, label TEXT)`
	shelvesFile  = `{"x-longshore": {"table": "shelves", "key": ["id"], "ordering": "none"}, "properties": {"id": {}, "label": {"maxLength": 10}}}`
)

func putCollection(t *testing.T, s *stack.Stack, name, definition string) {
	t.Helper()
	response := s.Do(http.MethodPut, "/collections/"+name, client.RequestBody{Type: "application/json", Content: []byte(definition)})
	if response.Status != http.StatusCreated && response.Status != http.StatusOK {
		t.Fatalf("PUT /collections/%s = %d %s, want 200 or 201", name, response.Status, response.Body)
	}
}

// shelves returns records with labels of 20 characters, as NDJSON.
func shelves(n int) client.RequestBody {
	var lines strings.Builder
	for id := range n {
		fmt.Fprintf(&lines, `{"id": %d, "label": "%020d"}`+"\n", id, id)
	}
	return client.RequestBody{Type: "application/x-ndjson", Content: []byte(lines.String())}
}

// TestCollectionChangesDuringImport: an import keeps the version of the collection with which it was accepted, though
// another one is in force while its chunks wait; the next import has the new one. No service is restarted.
func TestCollectionChangesDuringImport(t *testing.T) {
	t.Parallel()
	const records = 300
	s := stack.Start(t, stack.Options{Importers: 2, Tables: shelvesTable, Env: []string{"LONGSHORE_CHUNK_RECORDS=10", "LONGSHORE_LANES=2"}})
	putCollection(t, s, "shelves", shelvesFile)
	release := s.BlockWrites("shelves")
	strict := s.Submit("shelves", shelves(records))
	putCollection(t, s, "shelves", strings.Replace(shelvesFile, `"maxLength": 10`, `"maxLength": 20`, 1))
	lenient := s.Submit("shelves", shelves(records))
	release()
	if m := s.WaitFor(strict, "Succeeded"); m.Counts.Failed != records {
		t.Errorf("the first import = %+v, want that all %d labels are too long", m.Counts, records)
	}
	if m := s.WaitFor(lenient, "Succeeded"); m.Counts.Created != records {
		t.Errorf("the second import = %+v, want %d created records", m.Counts, records)
	}
}

// TestMisfitStopsNothing: a collection that does not fit its table is refused and reported, and when an importer
// starts it is no obstacle to the others.
func TestMisfitStopsNothing(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Collections: collectionFolder(t, "spoons", spoonsFile), Tables: shelvesTable})
	putCollection(t, s, "shelves", shelvesFile)
	s.StopImporter(0)
	s.StartImporter(0)
	s.WaitFor(s.Submit("shelves", client.RequestBody{Type: "application/json", Content: []byte(`[{"id": 1}]`)}), "Succeeded")
	refused := s.Do(http.MethodPost, "/api/spoons/import", client.RequestBody{Type: "application/json", Content: []byte(`[{"id": 1}]`)})
	if refused.Status != http.StatusConflict || !strings.Contains(string(refused.Body), "there is no table public.spoons") {
		t.Errorf("an import of spoons = %d %s, want 409 with the reason", refused.Status, refused.Body)
	}
	await.Until(t, 10*time.Second, "the importer to report the collection", func() bool {
		return s.Metrics("importer").Value("longshore_collections_misfit") == 1
	})
	if lines := s.LogLines("importer", "does not fit", "spoons"); len(lines) == 0 {
		t.Error("the importer's log does not name the collection")
	}
}
