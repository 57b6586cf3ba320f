package routes_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/quota"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

const ndjson = "Content-Type: application/x-ndjson"

// limit sets the limits of a tenant, and waits until the api knows them.
func (a *api) limit(t *testing.T, tenant, header string, l quota.Limits) {
	t.Helper()
	if err := a.store.SetTenantLimits(t.Context(), tenant, l); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(waitLimit); ; {
		got := a.send(t, oneClient, http.MethodGet, "/limits", "", header)
		if strings.Contains(got.body, `"limit":`) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("GET /limits = %s, want the limits", got.body)
		}
	}
}

// importOf imports records with a key.
func (a *api) importOf(t *testing.T, header, body string) reply {
	t.Helper()
	return a.send(t, oneClient, http.MethodPost, "/api/tools/import", body, header, ndjson)
}

// TestLimits reaches each limit, of the tenant and of the key. Then the status, a list, a cancel and a delete
// still pass, and another tenant is not concerned.
func TestLimits(t *testing.T) {
	t.Parallel()
	one := `{"tool_id":"A"}` // 15 bytes
	for name, tt := range map[string]struct {
		limits  quota.Limits
		limit   string
		daily   bool
		bodies  []string // which are accepted
		refused string
	}{
		"requests":   {quota.Limits{RequestsPerDay: 2}, "requests_per_day", true, []string{one, one}, one},
		"bytes":      {quota.Limits{BytesPerDay: 40}, "bytes_per_day", true, []string{one, one}, one},
		"records":    {quota.Limits{RecordsPerDay: 3}, "records_per_day", true, []string{one, one}, one + "\n" + one},
		"concurrent": {quota.Limits{ConcurrentOperations: 2}, "concurrent_operations", false, []string{one, one}, one},
		"queued":     {quota.Limits{QueuedOperations: 2}, "queued_operations", false, []string{one, one}, one},
		"staged":     {quota.Limits{StagedBytes: 100}, "staged_bytes", false, nil, strings.Repeat(one+"\n", 10)},
	} {
		for _, whose := range []string{"tenant", "key"} {
			t.Run(name+" of the "+whose, func(t *testing.T) {
				t.Parallel()
				a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
				foreign, _ := a.newKey(t, func(k *store.Key) { k.Tenant = "another" })
				header, _ := a.newKey(t, func(k *store.Key) {
					k.Tenant = "limited"
					if whose == "key" {
						k.Limits, _ = json.Marshal(tt.limits)
					}
				})
				if whose == "tenant" {
					a.limit(t, "limited", header, tt.limits)
				}
				var path string
				for _, body := range tt.bodies {
					accepted := a.importOf(t, header, body)
					accepted.check(t, "an import within the limit", http.StatusAccepted)
					_, path, _ = strings.Cut(accepted.header.Get("Operation-Location"), a.address)
				}
				got := a.importOf(t, header, tt.refused)
				got.checkRefused(t, "an import beyond the limit", http.StatusTooManyRequests, "quota-exceeded")
				if !strings.Contains(got.body, `"limit":"`+tt.limit+`"`) || !strings.Contains(got.body, `"of":"`+whose+`"`) ||
					strings.Contains(got.body, `"resets_at"`) != tt.daily {
					t.Errorf("the refusal = %s, want %s of the %s", got.body, tt.limit, whose)
				}
				if fields := got.header.Get("RateLimit-Policy"); tt.daily != strings.Contains(fields, ";w=86400") {
					t.Errorf("RateLimit-Policy = %q, want one: %t", fields, tt.daily)
				}
				if path != "" {
					a.send(t, oneClient, http.MethodGet, path, "", header).check(t, "the status", http.StatusOK)
					a.send(t, oneClient, http.MethodGet, "/operations", "", header).check(t, "a list", http.StatusOK)
					a.send(t, oneClient, http.MethodPost, path+":cancel", "", header).check(t, "a cancel", http.StatusOK)
					a.send(t, oneClient, http.MethodDelete, path, "", header).check(t, "a delete", http.StatusNoContent)
				}
				shown := a.send(t, oneClient, http.MethodGet, "/limits", "", header)
				if !strings.Contains(shown.body, `"`+tt.limit+`":{"limit":`) {
					t.Errorf("GET /limits = %s, want %s", shown.body, tt.limit)
				}
				a.importOf(t, foreign, tt.refused).check(t, "an import of another tenant", http.StatusAccepted)
				if !tt.daily && len(tt.bodies) > 0 { // which has room again
					a.importOf(t, header, one).check(t, "an import after the end of another", http.StatusAccepted)
				}
			})
		}
	}
}

// TestLimitsAtOnce: of many imports at the same time, as many are accepted as the limit allows.
func TestLimitsAtOnce(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on", "LONGSHORE_TENANT_LIMITS": `{"queued_operations":5}`})
	header, _ := a.newKey(t, nil)
	statuses := make(chan int, 20)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { statuses <- a.importOf(t, header, `{"tool_id":"A"}`).status })
	}
	wg.Wait()
	close(statuses)
	got := make(map[int]int)
	for status := range statuses {
		got[status]++
	}
	if got[http.StatusAccepted] != 5 || got[http.StatusTooManyRequests] != 15 {
		t.Errorf("statuses = %v, want 5 accepted and 15 refused", got)
	}
	storetest.Await(t, storetest.Connect(t, a.url), `SELECT count(*) = 5 FROM xforce.tasks`) // nothing is kept of the others
}

// TestLimitsOfStreams: a body without a length ends at the limit, and nothing of it is kept.
func TestLimitsOfStreams(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on", "LONGSHORE_TENANT_LIMITS": `{"bytes_per_day":20}`})
	header, _ := a.newKey(t, nil)
	conn := a.open(t, oneClient, head(http.MethodPost, "/api/tools/import", header, ndjson, "Transfer-Encoding: chunked")+
		"1f\r\n{\"tool_id\":\"A\"}\n{\"tool_id\":\"B\"}\r\n0\r\n\r\n")
	got := readReply(t, conn)
	got.checkRefused(t, "31 of 20 bytes", http.StatusTooManyRequests, "quota-exceeded")
	storetest.Await(t, storetest.Connect(t, a.url), `SELECT count(*) = 0 FROM xforce.tasks`)
	storetest.Await(t, storetest.Connect(t, a.url), `SELECT bytes = 31 AND requests = 1 FROM xforce.usage WHERE key_id = ''`)
}

// TestLimitsOfKeys: a key with limits makes no keys, each of which would have the same limits once more.
func TestLimitsOfKeys(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	admin, _ := a.newKey(t, nil)
	limited, _ := a.newKey(t, func(k *store.Key) { k.Limits = json.RawMessage(`{"requests_per_day":1000}`) })
	post := func(header, body string) reply {
		return a.send(t, oneClient, http.MethodPost, "/keys", body, header, jsonMedia)
	}
	for body, want := range map[string]string{
		`{"bundle":"viewer","limits":{"requests_per_day":5}}`: "", `{"bundle":"viewer","limits":{"requests":5}}`: "invalid-key",
		`{"bundle":"viewer","limits":{"requests_per_day":-1}}`: "invalid-key", `{"bundle":"viewer","limits":7}`: "invalid-key",
	} {
		t.Run(body, func(t *testing.T) { //nolint:paralleltest // they share the api
			status := http.StatusCreated
			if want != "" {
				status = http.StatusUnprocessableEntity
			}
			checkCode(t, "POST /keys", post(admin, body), status, want)
		})
	}
	checkCode(t, "a key of a limited one", post(limited, `{"bundle":"viewer"}`), http.StatusForbidden, "limits-not-allowed")
	if got := a.send(t, oneClient, http.MethodGet, "/limits", "", admin); got.body != `{"tenant":{}}`+"\n" || got.header.Get("RateLimit") != "" {
		t.Errorf("GET /limits without limits = %s %v, want none", got.body, got.header)
	}
	sql := storetest.Connect(t, a.url)
	storetest.Await(t, sql, `SELECT count(*) = 2 FROM xforce.usage`) // of the limited key only
}
