package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// The collection notes is used with the role and the claims of its caller. Its policy is one as
// PostgREST's documentation shows them.
const (
	notesFile = `{"x-longshore": {"table": "public.notes", "key": ["id"], "role": "claim"}, "required": ["id", "org"],
  "properties": {"id": {"type": "string"}, "org": {"type": "string"}, "text": {"type": "string"}}}`
	notesTable = `
CREATE TABLE public.notes (id TEXT PRIMARY KEY, org TEXT NOT NULL, text TEXT, writer TEXT DEFAULT current_user, import_number BIGINT, import_row INT);
ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.notes USING (org = current_setting('request.jwt.claims', true)::json->>'org');
GRANT SELECT, INSERT, UPDATE ON public.notes TO ` + storetest.CallerRole
)

// tenantTime is how long two tenants work beside each other. LONGSHORE_TENANT_TIME changes it.
const tenantTime = 4 * time.Second

// TestTenantsBesideEachOther: two tenants import, search, export and download at the same time. Neither
// sees or changes a row, or an operation, of the other.
func TestTenantsBesideEachOther(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "notes.json"), []byte(notesFile), 0o600); err != nil {
		t.Fatal(err)
	}
	s := stack.Start(t, stack.Options{
		Collections: dir, Tables: notesTable, Importers: 2,
		Env: []string{"LONGSHORE_AUTH=on", "LONGSHORE_ROLES=" + storetest.CallerRole},
	})
	limit := tenantTime
	if given, err := time.ParseDuration(os.Getenv("LONGSHORE_TENANT_TIME")); err == nil {
		limit = given
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	tenants := []*tenant{newTenant(t, s, "a", "b"), newTenant(t, s, "b", "a")}
	var wait sync.WaitGroup
	for _, tenant := range tenants {
		wait.Go(func() {
			for ctx.Err() == nil {
				if err := tenant.round(t.Context()); err != nil {
					t.Errorf("tenant %s: %v", tenant.name, err)
					return
				}
			}
		})
	}
	wait.Wait()
	if t.Failed() {
		return
	}
	for i, tenant := range tenants {
		t.Logf("tenant %s: %d rounds", tenant.name, tenant.rounds)
		tenant.expectForeign(t, tenants[1-i].operations)
		if got, want := s.Number(`SELECT count(*) FROM public.notes WHERE org = $1 AND writer = $2 AND id LIKE $1 || '-%'`,
			tenant.name, storetest.CallerRole), tenant.rounds*ownNotes; got != want {
			t.Errorf("rows of tenant %s = %d, want %d", tenant.name, got, want)
		}
	}
	if got := s.Number(`SELECT count(*) FROM public.notes WHERE id NOT LIKE org || '-%' AND id <> 'shared'`); got != 0 {
		t.Errorf("%d rows have the id of one tenant and belong to the other, want 0", got)
	}
}

// ownNotes is how many notes a tenant imports in each round.
const ownNotes = 20

// tenant is a client with a key of its own.
type tenant struct {
	name       string
	other      string // the name of the other tenant
	client     *client.Client
	rounds     int
	operations []string // paths below /operations
}

func newTenant(t *testing.T, s *stack.Stack, name, other string) *tenant {
	t.Helper()
	output := stack.Run(t, "api", s.Env(), "keys", "create", "--tenant", name, "--bundle", "admin", "--role", storetest.CallerRole,
		"--claims", fmt.Sprintf(`{"org":%q}`, name))
	return &tenant{name: name, other: other, client: s.Client().WithKey(strings.TrimSpace(output))}
}

// round imports notes, some of them with the other tenant's name or key, and reads all that it can.
func (n *tenant) round(ctx context.Context) error {
	var body bytes.Buffer
	for i := range ownNotes {
		fmt.Fprintf(&body, `{"id":"%[1]s-%[2]d","org":%[1]q,"text":"x"}`+"\n", n.name, n.rounds*ownNotes+i)
	}
	fmt.Fprintf(&body, `{"id":"%[1]s-forged-%[2]d","org":%[3]q}`+"\n", n.name, n.rounds, n.other)
	imported, err := n.run(ctx, "/api/notes/import", client.RequestBody{Type: "application/x-ndjson", Content: body.Bytes()})
	if err != nil {
		return err
	}
	var status struct{ Counts struct{ Created, Failed int } }
	if err := n.get(ctx, "/operations/"+imported, &status); err != nil {
		return err
	}
	if status.Counts.Created != ownNotes || status.Counts.Failed != 1 {
		return fmt.Errorf("counts = %+v, want %d created and the forged one failed", status.Counts, ownNotes)
	}
	n.rounds++
	return errors.Join(n.search(ctx), n.export(ctx), n.list(ctx))
}

// run starts an operation and waits for its success. It returns the id.
func (n *tenant) run(ctx context.Context, path string, body client.RequestBody) (id string, err error) {
	response, err := n.client.Do(ctx, http.MethodPost, path, body)
	if err != nil {
		return "", err
	}
	_, id, found := strings.Cut(response.Header.Get("Operation-Location"), "/operations/")
	if !found {
		return "", fmt.Errorf("POST %s = %d %s, want an operation", path, response.Status, response.Body)
	}
	n.operations = append(n.operations, id)
	for {
		response, err := n.client.Do(ctx, http.MethodGet, "/operations/"+id, client.RequestBody{Header: http.Header{"Prefer": {"wait=10"}}})
		if err != nil {
			return "", err
		}
		var status struct{ Status string }
		if err := json.Unmarshal(response.Body, &status); err != nil {
			return "", err
		}
		switch status.Status {
		case "Succeeded":
			return id, nil
		case "Failed", "Canceled", "":
			return "", fmt.Errorf("operation of POST %s = %d %s, want Succeeded", path, response.Status, response.Body)
		}
	}
}

// get reads a JSON document.
func (n *tenant) get(ctx context.Context, path string, into any) error {
	response, err := n.client.Get(ctx, path)
	if err != nil {
		return err
	}
	if response.Status != http.StatusOK {
		return fmt.Errorf("GET %s = %d %s, want 200", path, response.Status, response.Body)
	}
	return json.Unmarshal(response.Body, into)
}

// search reads all notes that the tenant can find.
func (n *tenant) search(ctx context.Context) error {
	id, err := n.run(ctx, "/search", client.RequestBody{Type: "application/json", Content: []byte(`{"collection":"notes","limit":10000}`)})
	if err != nil {
		return err
	}
	response, err := n.client.Get(ctx, "/search/status/"+id)
	if err != nil {
		return err
	}
	return n.expectOwn("search", response)
}

// export downloads all notes that the tenant can read.
func (n *tenant) export(ctx context.Context) error {
	id, err := n.run(ctx, "/start-report", client.RequestBody{
		Type: "application/json", Content: []byte(`{"report":"records","collection":"notes","format":"ndjson"}`),
	})
	if err != nil {
		return err
	}
	var status struct{ Links map[string]string }
	if err := n.get(ctx, "/operations/"+id, &status); err != nil {
		return err
	}
	for _, link := range status.Links {
		if strings.Contains(link, "/reports/") {
			response, err := n.client.Get(ctx, link)
			if err != nil {
				return err
			}
			return n.expectOwn("export", response)
		}
	}
	return fmt.Errorf("the export %s has no link to its file: %+v", id, status)
}

// expectOwn checks that a response has exactly the notes of the tenant.
func (n *tenant) expectOwn(what string, response *client.Response) error {
	own, foreign := bytes.Count(response.Body, []byte(`"`+n.name+`-`)), bytes.Count(response.Body, []byte(`"`+n.other+`-`))
	if response.Status >= http.StatusBadRequest || own != n.rounds*ownNotes || foreign != 0 {
		return fmt.Errorf("%s = %d with %d own and %d foreign notes, want %d and 0", what, response.Status, own, foreign, n.rounds*ownNotes)
	}
	return nil
}

// list checks that the lists have operations of the tenant only.
func (n *tenant) list(ctx context.Context) error {
	var list struct{ Value []struct{ ID string } }
	if err := n.get(ctx, "/operations?maxpagesize=100", &list); err != nil {
		return err
	}
	if want := min(len(n.operations), 100); len(list.Value) != want {
		return fmt.Errorf("GET /operations lists %d operations, want %d", len(list.Value), want)
	}
	own := strings.Join(n.operations, " ")
	for _, op := range list.Value {
		if !strings.Contains(own, op.ID) {
			return fmt.Errorf("GET /operations lists %s, which is not the tenant's", op.ID)
		}
	}
	return nil
}

// expectForeign checks that operations of another tenant do not exist for this one.
func (n *tenant) expectForeign(t *testing.T, operations []string) {
	t.Helper()
	for _, id := range operations {
		for _, path := range []string{"/operations/" + id, "/operations/" + id + "/records?outcome=created", "/v1/operations/" + id, "/search/status/" + id} {
			response, err := n.client.Get(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			if response.Status != http.StatusNotFound {
				t.Errorf("GET %s by tenant %s = %d, want 404", path, n.name, response.Status)
			}
		}
	}
}
