package tasks_test

import (
	"net/http"
	"testing"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

// Actions are carried out as seed 002 prints them, are idempotent, and have no effect on a task
// that they do not apply to.
func TestStatusActions(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		state  operation.State
		query  string
		status string
		calls  []string
	}{
		"cancel waiting":            {operation.Waiting, "cancel=true", "CANCELLED", []string{"cancel"}},
		"cancel running":            {operation.Running, "cancel=true", "CANCELLED", []string{"cancel"}},
		"cancel cancelled":          {operation.Cancelled, "cancel=true", "CANCELLED", nil},
		"cancel finished":           {operation.Succeeded, "cancel=true", "FINISHED", nil},
		"cancel failed":             {operation.Failed, "cancel=true", "FAILED", nil},
		"do not cancel":             {operation.Running, "cancel=false", "RUNNING", nil},
		"upper case":                {operation.Running, "cancel=TRUE", "CANCELLED", []string{"cancel"}},
		"prune running":             {operation.Running, "prune=true", "RUNNING", nil},
		"prune waiting":             {operation.Waiting, "prune=true", "WAITING", nil},
		"prune finished":            {operation.Succeeded, "prune=true", "FINISHED", []string{"prune"}},
		"prune cancelled":           {operation.Cancelled, "prune=true", "CANCELLED", []string{"prune"}},
		"prune failed":              {operation.Failed, "prune=true", "FAILED", []string{"prune"}},
		"do not prune":              {operation.Succeeded, "prune=false", "FINISHED", nil},
		"cancel and prune running":  {operation.Running, "cancel=true&prune=true", "CANCELLED", []string{"cancel", "prune"}},
		"cancel and prune finished": {operation.Succeeded, "prune=true&cancel=true", "FINISHED", []string{"prune"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(newOperation(tt.state))
			checkTask(t, f.get(t, "/tasks/5?"+tt.query), tt.status)
			f.checkCalls(t, tt.calls...)
		})
	}
}

// A task that finished before it could be cancelled is shown as it ended.
func TestCancelAfterEnd(t *testing.T) {
	t.Parallel()
	f := newFake(newOperation(operation.Running))
	f.tooLate = true
	checkTask(t, f.get(t, "/tasks/5?cancel=true"), "FINISHED")
}

// The response to prune=true still shows the task; later ones do not.
func TestPrune(t *testing.T) {
	t.Parallel()
	f := newFake(newOperation(operation.Succeeded))
	got := decodeTask(t, f.get(t, "/tasks/5?prune=true"))
	if imported := got.Result["ImportReport"]["importedRecords"]; imported != 8.0 {
		t.Errorf("importedRecords = %v, want 8", imported)
	}
	edgetest.CheckProblem(t, f.get(t, "/tasks/5"), http.StatusGone, "OperationExpired")
}

func TestStatusRejectsInvalidActions(t *testing.T) {
	t.Parallel()
	for query, code := range map[string]string{
		"cancel=garbage": "InvalidParameter", "cancel": "InvalidParameter", "cancel=": "InvalidParameter", "cancel=1": "InvalidParameter",
		"cancel=true&cancel=false": "InvalidParameter", "cancel=true&cancel=true": "InvalidParameter", "prune=yes": "InvalidParameter",
		"cancel=true&prune=x": "InvalidParameter", "Cancel=true": "InvalidParameter", "x=1": "InvalidParameter", "cancel=%zz": "MalformedQuery", "a=1;cancel=true": "MalformedQuery",
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			f := newFake(newOperation(operation.Running))
			edgetest.CheckProblem(t, f.get(t, "/tasks/5?"+query), http.StatusBadRequest, code)
			f.checkCalls(t)
		})
	}
}

const bothActions = "/tasks/5?cancel=true&prune=true"

func TestStatusHeadChangesNothing(t *testing.T) {
	t.Parallel()
	for _, state := range []operation.State{operation.Running, operation.Succeeded} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			f := newFake(newOperation(state))
			edgetest.CheckStatus(t, f.send(t, http.MethodHead, bothActions), http.StatusOK)
			if f.peeks != 1 {
				t.Errorf("peeks = %d, want 1", f.peeks)
			}
			f.checkCalls(t)
		})
	}
}

// A speculative request of a browser, or one on behalf of a page of another origin, is rejected if
// it has an action.
func TestStatusRejectsUnintendedActions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ header, value, code string }{
		{"Sec-Purpose", "prefetch", "SpeculativeRequest"},
		{"Sec-Purpose", "prefetch;prerender", "SpeculativeRequest"},
		{"Sec-Purpose", "prefetch; anonymous-client-ip", "SpeculativeRequest"},
		{"Sec-Purpose", "prerender", "SpeculativeRequest"},
		{"Purpose", "prefetch", "SpeculativeRequest"},
		{"Purpose", "Prefetch", "SpeculativeRequest"},
		{"X-Moz", "prefetch", "SpeculativeRequest"},
		{"X-Purpose", "preview", "SpeculativeRequest"},
		{"Sec-Fetch-Site", "cross-site", "CrossSiteRequest"},
		{"Sec-Fetch-Site", "same-site", "CrossSiteRequest"},
		{"Sec-Fetch-Site", "anything-new", "CrossSiteRequest"},
	} {
		for _, state := range []operation.State{operation.Running, operation.Succeeded} {
			t.Run(tt.header+" "+tt.value+" "+string(state), func(t *testing.T) {
				t.Parallel()
				f := newFake(newOperation(state))
				edgetest.CheckProblem(t, f.get(t, bothActions, tt.header, tt.value), http.StatusConflict, tt.code)
				edgetest.CheckStatus(t, f.get(t, "/tasks/5?cancel=false", tt.header, tt.value), http.StatusOK)
				f.checkCalls(t)
			})
		}
	}
}

// TestStatusActionsOfBrowsers sends the headers of browsers, programs and gateways to http://example.com.
func TestStatusActionsOfBrowsers(t *testing.T) {
	t.Parallel()
	const mozilla = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36"
	for name, tt := range map[string]struct {
		headers []string
		code    string // empty: the task is cancelled
	}{
		"program":                       {nil, ""},
		"curl":                          {[]string{"Accept", "*/*", "User-Agent", "curl/8.5.0"}, ""},
		"typed":                         {[]string{"Sec-Fetch-Site", "none", "User-Agent", mozilla}, ""},
		"own page":                      {[]string{"Sec-Fetch-Site", "same-origin", "Referer", "http://example.com/", "User-Agent", mozilla}, ""},
		"own page over http":            {[]string{"Referer", "http://example.com/x", "User-Agent", mozilla}, ""},
		"token":                         {[]string{"Authorization", "Bearer lsk_1_2", "User-Agent", mozilla}, ""},
		"token of a listed page":        {[]string{"Authorization", "bearer x", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors"}, ""},
		"token of a gateway":            {[]string{"Authorization", "Bearer x", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, "CrossSiteRequest"},
		"password":                      {[]string{"Authorization", "Basic eDp5", "User-Agent", mozilla}, "UnprovenRequest"},
		"no token":                      {[]string{"Authorization", "Bearer ", "Cookie", "a=b"}, "UnprovenRequest"},
		"image":                         {[]string{"Referer", "http://evil.test/", "Accept", "image/avif,image/webp,*/*;q=0.8", "User-Agent", mozilla}, "CrossSiteRequest"},
		"image without Referer":         {[]string{"Accept", "image/avif,image/webp,*/*;q=0.8"}, "UnprovenRequest"},
		"script without Referer":        {[]string{"Accept", "*/*", "User-Agent", mozilla}, "UnprovenRequest"},
		"navigation without Referer":    {[]string{"Accept", "text/html,application/xhtml+xml", "Upgrade-Insecure-Requests", "1"}, "UnprovenRequest"},
		"events without Referer":        {[]string{"Accept", "text/event-stream"}, "UnprovenRequest"},
		"cookie":                        {[]string{"Cookie", "session=1"}, "UnprovenRequest"},
		"language":                      {[]string{"Accept-Language", "de"}, "UnprovenRequest"},
		"other metadata":                {[]string{"Sec-Fetch-Mode", "no-cors"}, "UnprovenRequest"},
		"origin":                        {[]string{"Origin", "http://evil.test"}, "CrossSiteRequest"},
		"opaque origin":                 {[]string{"Origin", "null"}, "CrossSiteRequest"},
		"own page, other scheme":        {[]string{"Referer", "https://example.com/"}, "CrossSiteRequest"},
		"own page, other port":          {[]string{"Referer", "http://example.com:81/"}, "CrossSiteRequest"},
		"page that begins like our own": {[]string{"Referer", "http://example.com.evil.test/"}, "CrossSiteRequest"},
		"same site":                     {[]string{"Sec-Fetch-Site", "same-site", "Referer", "http://example.com/"}, "CrossSiteRequest"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(newOperation(operation.Running))
			w := f.get(t, "/tasks/5?cancel=true", tt.headers...)
			if tt.code == "" {
				checkTask(t, w, "CANCELLED")
				return
			}
			edgetest.CheckProblem(t, w, http.StatusConflict, tt.code)
			f.checkCalls(t)
		})
	}
}

func TestStatusWithoutChangesByGet(t *testing.T) {
	t.Parallel()
	f := newFake(newOperation(operation.Running))
	f.noChanges = true
	edgetest.CheckProblem(t, f.get(t, bothActions, "Authorization", "Bearer x"), http.StatusConflict, "ChangesByGetOff")
	f.checkCalls(t)
	checkTask(t, f.get(t, "/tasks/5?cancel=false"), "RUNNING")
}
