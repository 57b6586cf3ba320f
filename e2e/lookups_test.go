package e2e_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// codeBlock is a block of code in a document, with its language.
var codeBlock = regexp.MustCompile("(?s)```(\\w+)\n(.*?)```")

// lookupExample returns the blocks of code in the section "Lookups" of docs/collections.md: the tables, the collection,
// records and a CSV.
func lookupExample(t *testing.T) (tables, collection, records, csv string) {
	t.Helper()
	page, err := os.ReadFile("../docs/collections.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Lookups\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var blocks []string
	for _, match := range codeBlock.FindAllStringSubmatch(section, -1) {
		blocks = append(blocks, match[2])
	}
	if len(blocks) != 4 {
		t.Fatalf("the section has %d blocks of code, want 4", len(blocks))
	}
	return blocks[0], blocks[1], blocks[2], blocks[3]
}

// TestLookups does what docs/collections.md describes.
func TestLookups(t *testing.T) {
	t.Parallel()
	tables, collection, records, csv := lookupExample(t)
	s := stack.Start(t, stack.Options{Tables: tables + "GRANT SELECT, INSERT ON customers TO " + storetest.RoleName(grants.Worker)})
	putCollection(t, s, "orders", collection)
	for _, body := range []client.RequestBody{{Type: "application/x-ndjson", Content: []byte(records)}, {Type: "text/csv", Content: []byte(csv)}} {
		if m := s.WaitFor(s.Submit("orders", body), "Succeeded"); m.Counts.Failed != 0 {
			t.Errorf("counts of %s = %+v, want none failed", body.Type, m.Counts)
		}
	}
	want := []string{"1 ann@example.com Ann 12.50", "2 ann@example.com Ann -", "3 eve@example.com Eve -", "4 ann@example.com Ann 20.00", "5 dan@example.com Dan 7.50"}
	got := s.Texts(`SELECT concat_ws(' ', no, email, name, coalesce(total::text, '-')) FROM orders JOIN customers ON id = customer_id ORDER BY no`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("orders (-want +got):\n%s", diff)
	}
}

// TestLookupsAtOnce: imports that need the same missing rows at the same time create each of them once.
func TestLookupsAtOnce(t *testing.T) {
	t.Parallel()
	const imports, records, customers = 4, 2_000, 300
	tables, collection, _, _ := lookupExample(t)
	s := stack.Start(t, stack.Options{Importers: 2, Tables: tables + "GRANT SELECT, INSERT ON customers TO " + storetest.RoleName(grants.Worker), Env: []string{"LONGSHORE_CHUNK_RECORDS=500"}})
	putCollection(t, s, "orders", collection)
	release := s.BlockWrites("customers")
	var operations []client.Accepted
	for n := range imports {
		var lines strings.Builder
		lines.WriteString("no,customer.email\n")
		for i := range records {
			fmt.Fprintf(&lines, "%d,c%d@example.com\n", n*records+i, (i*7+n*11)%customers)
		}
		operations = append(operations, s.Submit("orders", client.RequestBody{Type: "text/csv", Content: []byte(lines.String())}))
	}
	release()
	for _, op := range operations {
		if m := s.WaitFor(op, "Succeeded"); m.Counts.Created != records {
			t.Errorf("counts = %+v, want %d created", m.Counts, records)
		}
	}
	if got := s.Number(`SELECT count(*) FROM customers WHERE email LIKE 'c%'`); got != customers {
		t.Errorf("customers = %d, want %d", got, customers)
	}
}

// TestLookupRefused: what a client reads if a row is missing, a header is misspelt, or the collection does not fit.
func TestLookupRefused(t *testing.T) {
	t.Parallel()
	tables, collection, _, _ := lookupExample(t)
	collection = strings.Replace(collection, `"missing": "create", "create": {"customer.name": "name"}`, `"missing": "reject"`, 1)
	s := stack.Start(t, stack.Options{Tables: tables})
	putCollection(t, s, "orders", collection)
	op := s.Submit("orders", client.RequestBody{Type: "text/csv", Content: []byte("no,customer.email,customer.emial\n1,eve@example.com,\n2,ann@example.com,x\n3,ann@example.com,\n")})
	if m := s.WaitFor(op, "Succeeded"); m.Counts.Failed != 2 || m.Counts.Created != 1 {
		t.Errorf("counts = %+v, want 2 failed and 1 created", m.Counts)
	}
	failed := string(s.Do(http.MethodGet, op.OperationLocation+"/records?outcome=failed", client.RequestBody{}).Body)
	for _, want := range []string{
		`{"pointer":"/customer.email","code":"lookup-missing","message":"there is no row of public.customers with customer.email = \"eve@example.com\""}`,
		`{"pointer":"/customer.emial","code":"unknown-member","message":"member \"customer.emial\" is not declared by the collection \"orders\""}`,
	} {
		if !strings.Contains(failed, want) {
			t.Errorf("failed records = %s, want %s", failed, want)
		}
	}
	nested := s.Submit("orders", client.RequestBody{Type: "application/json", Content: []byte(`[{"no":5,"customer":{"email":"eve@example.com"}}]`)})
	s.WaitFor(nested, "Succeeded")
	rows, err := s.Client().Get(t.Context(), nested.OperationLocation+"/records?outcome=failed&format=csv")
	if err != nil {
		t.Fatal(err)
	}
	corrected := bytes.Replace(rows.Body, []byte("eve@"), []byte("ann@"), 1)
	again := s.Submit("orders", client.RequestBody{Type: "text/csv", Content: withoutLastColumns(t, corrected, 4)})
	if m := s.WaitFor(again, "Succeeded"); m.Counts.Created != 1 {
		t.Errorf("counts of the corrected CSV %s = %+v, want 1 created", corrected, m.Counts)
	}
	response := s.Do(http.MethodPut, "/collections/orders", client.RequestBody{Type: "application/json", Content: []byte(strings.Replace(collection, `"email"}`, `"name"}`, 1))})
	if response.Status != http.StatusConflict || !strings.Contains(string(response.Body), "a unique index on exactly (name)") {
		t.Errorf("PUT of a lookup without a unique index = %d %s, want 409 with the reason", response.Status, response.Body)
	}
}
