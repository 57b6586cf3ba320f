package e2e_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
)

// prefix is where the proxy of TestLinksBehindPrefix has the api.
const prefix = "/bulk/v2"

// prefixProxy passes requests below prefix to a target that is set later, and nothing else.
type prefixProxy struct {
	server *httptest.Server
	target atomic.Pointer[url.URL]
}

// newPrefixProxy starts a proxy. With forwards it says what it does in X-Forwarded-….
func newPrefixProxy(t *testing.T, forwards bool) *prefixProxy {
	t.Helper()
	p := &prefixProxy{}
	proxy := &httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(p.target.Load())
			r.Out.URL.Path, r.Out.URL.RawPath = strings.TrimPrefix(r.In.URL.Path, prefix), ""
			if forwards {
				r.SetXForwarded()
				r.Out.Header.Set("X-Forwarded-Prefix", prefix)
			}
		},
	}
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, prefix+"/") {
			http.Error(w, "not below the prefix", http.StatusTeapot)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(p.server.Close)
	return p
}

// TestLinksBehindPrefix follows every link in the headers and the bodies of answers, in all dialects, behind a proxy
// that has the api below a prefix: by LONGSHORE_PUBLIC_URL, and by what a trusted proxy says.
func TestLinksBehindPrefix(t *testing.T) {
	t.Parallel()
	for name, forwards := range map[string]bool{"public address": false, "trusted proxy": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPrefixProxy(t, forwards)
			env := []string{"LONGSHORE_AUTH=off", "LONGSHORE_PUBLIC_URL=" + p.server.URL + prefix}
			if forwards {
				env = []string{"LONGSHORE_AUTH=off", "LONGSHORE_TRUSTED_PROXIES=127.0.0.0/8"}
			}
			s := stack.Start(t, stack.Options{Env: env})
			target, err := url.Parse(s.Client().Base())
			if err != nil {
				t.Fatal(err)
			}
			p.target.Store(target)
			c := &crawler{t: t, base: p.server.URL + prefix, seen: make(map[string]bool)}
			c.start(s)
			c.follow()
			for _, want := range []string{
				"/operations/", "/records?outcome=failed", "/events", "/search/status/", "/report-status/", "/reports/report-", "/tasks/", "/import/status/", "/uploads/",
				"/operations?cursor=",
			} {
				if !slices.ContainsFunc(c.links, func(link string) bool { return strings.Contains(link, want) }) {
					t.Errorf("no link with %q among %d", want, len(c.links))
				}
			}
		})
	}
}

// crawler follows the links of answers.
type crawler struct {
	t     *testing.T
	base  string
	seen  map[string]bool
	links []string
	// followed is how many of the links were requested.
	followed int
}

// start starts an operation of each kind and an upload through the proxy, and waits for the ends.
func (c *crawler) start(s *stack.Stack) {
	c.t.Helper()
	const tools = `{"data":[{"tool_id":"V1","tool_name":"a","category":"b"},{"tool_id":"V2"}]}`
	for path, body := range map[string]string{
		"/api/tools/import": tools, "/search": `{"collection":"tools"}`, "/start-report": `{"report":"records","collection":"tools","format":"csv"}`,
		"/api/tools/import:upload-start": "",
	} {
		r := c.do(http.MethodPost, c.base+path, body)
		c.collect(path, r, true)
	}
	s.WaitForSQL(eventsTimeout, "the operations to finish", `SELECT count(*) = 0 FROM xforce.tasks WHERE status IN ('waiting', 'running')`)
	for _, path := range []string{
		"/", "/operations", "/operations?maxpagesize=1", "/v1/operations", "/tasks", "/tasks.xml", "/tasks?limit=1", "/tasks.xml?limit=1", "/collections", "/audit?limit=1",
	} {
		c.add(path, c.base+path)
	}
}

// follow requests every link once. None may be dead or lead elsewhere.
func (c *crawler) follow() {
	for len(c.links) > c.followed {
		link := c.links[c.followed]
		c.followed++
		r := c.do(http.MethodGet, link, "")
		if r.Status >= http.StatusBadRequest {
			c.t.Errorf("GET %s = %d %s, want the target of a link", link, r.Status, r.Body)
			continue
		}
		c.collect(link, r, true)
	}
}

// addresses matches what looks like an address in a body: absolute, or a path.
var addresses = regexp.MustCompile(`(?:https?://|/)[A-Za-z0-9][^\s"<>&]*`)

// quoted matches the texts of a JSON document and the attributes of an XML document.
var quoted = regexp.MustCompile(`"((?:https?://|/)[^"]*)"`)

// otherPaths are the members with paths that are no addresses: of patterns of routes, and JSON Pointers.
var otherPaths = regexp.MustCompile(`"(?:route|path|pointer)":"[^"]*"`)

// linkHeaders are the headers with addresses.
var linkHeaders = []string{"Location", "Operation-Location", "Content-Location", "Link"}

// collect adds the links of an answer.
func (c *crawler) collect(from string, r *client.Response, body bool) {
	c.t.Helper()
	for _, name := range linkHeaders {
		for _, value := range r.Header.Values(name) {
			c.add(from, addresses.FindString(value))
		}
	}
	if !body || strings.HasPrefix(r.Header.Get("Content-Type"), "text/csv") { // where JSON Pointers are
		return
	}
	for _, match := range quoted.FindAllStringSubmatch(otherPaths.ReplaceAllString(string(r.Body), ""), -1) {
		link := strings.ReplaceAll(match[1], "&amp;", "&")
		if strings.HasSuffix(link, "/parts/{n}") || strings.HasSuffix(link, ":upload-finish") || strings.Contains(link, "www.w3.org") || strings.Contains(link, "json-schema.org") {
			continue // the template of a PUT, the address of a POST, names of formats
		}
		c.add(from, link)
	}
}

// add adds a link unless it is known. It must lead to the api behind its prefix.
func (c *crawler) add(from, link string) {
	c.t.Helper()
	page, err := url.Parse(c.base + "/")
	if err != nil {
		c.t.Fatal(err)
	}
	resolved, err := page.Parse(link)
	if err != nil || !strings.HasPrefix(resolved.String(), c.base+"/") {
		c.t.Errorf("%s leads to %q, want an address below %s (%v)", from, link, c.base, err)
		return
	}
	if text := resolved.String(); !c.seen[text] {
		c.seen[text] = true
		c.links = append(c.links, text)
	}
}

func (c *crawler) do(method, address, body string) *client.Response {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), eventsTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return &client.Response{Status: answer.StatusCode, Header: answer.Header, Body: text}
}
