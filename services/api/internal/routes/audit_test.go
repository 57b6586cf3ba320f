package routes_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// auditEntry is an entry as GET /audit returns it.
type auditEntry struct {
	ID                                                int64
	Principal                                         struct{ Kind, ID, Credential string }
	Method, Route, Object, Collection, Client, Action string
	Status                                            int
	RequestID                                         string `json:"request_id"`
}

func (e auditEntry) String() string {
	return fmt.Sprintf("%s %s %s %s %d", e.Principal.Kind, e.Method, e.Route, e.Object, e.Status)
}

// audit returns the entries that a query selects.
func (a *api) audit(t *testing.T, header, query string) (entries []auditEntry, next string) {
	t.Helper()
	got := a.send(t, oneClient, http.MethodGet, "/audit"+query, "", header)
	got.check(t, "GET /audit"+query, http.StatusOK)
	var page struct {
		Entries []auditEntry
		Next    string `json:"next_link"`
	}
	if err := json.Unmarshal([]byte(got.body), &page); err != nil {
		t.Fatal(err)
	}
	return page.Entries, page.Next
}

// TestAudit: what changes something, and what reads records, is in the audit log with who did it. Polls
// and lists are not.
func TestAudit(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	admin, adminID := a.newKey(t, nil)
	viewer, viewerID := a.newKey(t, func(k *store.Key) { k.Actions = []string{"operations:read", "records:read"} })
	foreign, _ := a.newKey(t, func(k *store.Key) { k.Tenant = "another" })
	op := a.begin(t, admin) // an import and the start of an upload
	path := "/operations/" + op.id
	a.send(t, oneClient, http.MethodGet, path, "", viewer).check(t, "a poll", http.StatusOK)
	a.send(t, oneClient, http.MethodGet, "/operations", "", viewer).check(t, "a list", http.StatusOK)
	a.send(t, oneClient, http.MethodGet, path+"/records?outcome=created", "", viewer).check(t, "records", http.StatusOK)
	a.send(t, oneClient, http.MethodDelete, path, "", viewer).check(t, "a cancel without the right", http.StatusForbidden)
	a.send(t, oneClient, http.MethodGet, "/tasks/"+op.number+"?cancel=true", "", admin).check(t, "a cancel by GET", http.StatusOK)
	session := "Authorization: Bearer " + a.newSession(t, admin)
	made := a.send(t, oneClient, http.MethodPost, "/keys", `{"bundle":"viewer"}`, session, jsonMedia)
	var key struct{ ID string }
	if err := json.Unmarshal([]byte(made.body), &key); err != nil {
		t.Fatal(err)
	}
	wrong := access.NewSecret()
	for range 15 {
		a.send(t, anotherClient, http.MethodDelete, path, "", "Authorization: Bearer "+wrong.Reveal()).check(t, "a wrong key", http.StatusUnauthorized)
	}
	storetest.Await(t, storetest.Connect(t, a.url), `SELECT count(*) = 17 FROM xforce.audit_log`)
	entries, _ := a.audit(t, admin, "")
	var got []string
	for _, e := range slices.Backward(entries) {
		got = append(got, e.String())
		if e.RequestID == "" || e.Client == "" || e.Action == "" {
			t.Errorf("entry %s = %+v, want a request, a client and an action", e, e)
		}
	}
	slices.Sort(got)
	want := []string{
		"key POST /api/:collection/import " + op.id + " 202", "key POST /api/:collection/import:upload-start  201",
		"key GET /operations/:id/records " + op.id + " 200", "key DELETE /operations/:id " + op.id + " 403", "key GET /tasks/:task " + op.id + " 200",
		"key POST /sessions " + entries[len(entries)-6].Object + " 201", "session POST /keys " + key.ID + " 201",
	}
	for range 10 { // of the fifteen
		want = append(want, "none DELETE /operations/:id "+op.id+" 401")
	}
	for i := range want {
		if strings.HasPrefix(want[i], "key POST /sessions") {
			j := slices.IndexFunc(entries, func(e auditEntry) bool { return e.Route == "/sessions" })
			want[i] = entries[j].String()
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("entries =\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for query, n := range map[string]int{
		"?principal=" + viewerID: 2, "?action=keys:write": 1, "?object=" + op.id: 14, "?action=operations:cancel": 12, "?principal=" + wrong.ID: 10, "?principal=" + adminID: 5,
		"?from=" + url.QueryEscape(time.Now().Add(time.Hour).Format(time.RFC3339)): 0, "?to=2026-01-01T00:00:00Z": 0,
	} {
		t.Run(query, func(t *testing.T) { //nolint:paralleltest // they share the api
			found, _ := a.audit(t, admin, query)
			found = slices.DeleteFunc(found, func(e auditEntry) bool { return e.Route == "/audit" })
			if len(found) != n {
				t.Errorf("GET /audit%s = %v, want %d entries", query, found, n)
			}
		})
	}
	if found, _ := a.audit(t, foreign, "?object="+op.id); len(found) > 0 {
		t.Errorf("GET /audit of another tenant = %v, want none", found)
	}
	checkCode(t, "GET /audit without the right", a.send(t, oneClient, http.MethodGet, "/audit", "", viewer), http.StatusForbidden, "action-not-allowed")
	for _, query := range []string{"?form=x", "?limit=0", "?limit=1001", "?cursor=-1", "?from=today", "?principal=", "?limit=1&limit=2", "?object=%00"} {
		checkCode(t, "GET /audit"+query, a.send(t, oneClient, http.MethodGet, "/audit"+query, "", admin), http.StatusBadRequest, "invalid-parameter")
	}
}

// TestAuditOfInvalidAddresses: what a client writes into an address costs no entry of another request.
func TestAuditOfInvalidAddresses(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	admin, _ := a.newKey(t, nil)
	for _, path := range []string{"/api/%ff/import", "/api/%00/import", "/operations/%c3%28", "/keys/%00", "/keys/%ff", "/api/%1b%5b2J/import"} {
		method := http.MethodDelete
		if strings.HasPrefix(path, "/api") {
			method = http.MethodPost
		}
		if got := a.send(t, oneClient, method, path, `{"tool_id":"A"}`, admin, ndjson); got.status >= http.StatusInternalServerError {
			t.Errorf("%s %s = %d %s, want a refusal", method, path, got.status, got.body)
		}
		a.send(t, oneClient, method, path, "", "Authorization: Bearer "+access.NewSecret().Reveal()).check(t, path, http.StatusUnauthorized)
		a.tokenOf(t, admin)
	}
	storetest.Await(t, storetest.Connect(t, a.url), `SELECT count(*) FILTER (WHERE route = '/tokens') = 6 AND count(*) FILTER (WHERE status = 401) = 6 FROM xforce.audit_log`)
}

// TestAuditPages: pages contain every entry once, also while others are added.
func TestAuditPages(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	admin, _ := a.newKey(t, nil)
	for range 7 {
		a.tokenOf(t, admin)
	}
	var seen []int64
	query := "?action=tokens:create&limit=3"
	for query != "" {
		entries, next := a.audit(t, admin, query)
		for _, e := range entries {
			seen = append(seen, e.ID)
		}
		a.tokenOf(t, admin)
		_, rest, more := strings.Cut(next, "/audit")
		query = rest
		if !more {
			query = ""
		}
	}
	if len(seen) != 7 || !slices.IsSortedFunc(seen, func(x, y int64) int { return int(y - x) }) {
		t.Errorf("the pages have the entries %v, want seven, the latest first", seen)
	}
}

// TestRevokeCancels: a key can be revoked together with what it has started.
func TestRevokeCancels(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	admin, _ := a.newKey(t, nil)
	own, ownID := a.newKey(t, nil)
	foreign, _ := a.newKey(t, func(k *store.Key) { k.Tenant = "another" })
	others, mine := a.begin(t, admin), a.begin(t, own)
	token := "Authorization: Bearer " + a.tokenOf(t, own)
	a.send(t, oneClient, http.MethodPost, "/api/tools/import", `{"tool_id":"B"}`, token, "Content-Type: application/x-ndjson").check(t, "an import with a token", http.StatusAccepted)
	checkCode(t, "a wrong value", a.send(t, oneClient, http.MethodDelete, "/keys/"+ownID+"?cancel=yes", "", admin), http.StatusBadRequest, "invalid-parameter")
	checkCode(t, "another tenant", a.send(t, oneClient, http.MethodDelete, "/keys/"+ownID+"?cancel=true", "", foreign), http.StatusNotFound, "key-not-found")
	got := a.send(t, oneClient, http.MethodDelete, "/keys/"+ownID+"?cancel=true", "", admin)
	if got.status != http.StatusOK || !strings.Contains(got.body, `"cancelled_operations":2`) {
		t.Errorf("DELETE = %d %s, want 200 and two operations", got.status, got.body)
	}
	for id, want := range map[string]string{mine.id: `"Canceled"`, others.id: `"NotStarted"`} {
		if status := a.send(t, oneClient, http.MethodGet, "/operations/"+id, "", admin); !strings.Contains(status.body, want) {
			t.Errorf("GET /operations/%s = %s, want %s", id, status.body, want)
		}
	}
}
