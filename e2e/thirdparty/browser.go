package thirdparty

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/longshore-io/longshore/deploy/local/thirdparty"
	"github.com/longshore-io/longshore/e2e/await"
)

// pageTimeout is the maximum time until a page shows what a test waits for, on a machine that is busy
// with other tests.
const pageTimeout = 30 * time.Second

// Browser is a headless Chromium with one page and an empty profile. It resolves no host names but those
// that the test gives to this machine, so that no request leaves it. Its methods must be called by the goroutine of the test.
type Browser struct {
	tb  testing.TB
	ctx context.Context // chromedp keeps the page in its context

	mu             sync.Mutex
	user, password string
	offered        map[fetch.RequestID]bool
	requests       []string
	errors         []string
}

// StartBrowser starts Chromium until the end of the test. The hosts are names of this machine.
func StartBrowser(tb testing.TB, hosts ...string) *Browser {
	tb.Helper()
	program, err := thirdparty.Find("chromium")
	require(tb, err)
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(program), chromedp.UserDataDir(tb.TempDir()), chromedp.WindowSize(1280, 900),
		chromedp.NoSandbox, chromedp.DisableGPU, // root cannot use the sandbox, and servers have no GPU
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", resolverRules(hosts)),
	)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ = chromedp.NewContext(ctx)
	tb.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits until Chromium exits, so that the profile can be deleted
		cancel()
	})
	b := &Browser{tb: tb, ctx: ctx, offered: make(map[fetch.RequestID]bool)}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		tb.Fatalf("starting Chromium: %v", err)
	}
	handleAuth := true // chromedp itself enables the events of network, log and runtime
	if _, err := chromedp.Call(ctx, fetch.Enable, fetch.EnableParams{HandleAuthRequests: &handleAuth}); err != nil {
		tb.Fatalf("enabling login requests in Chromium: %v", err)
	}
	return b
}

// resolverRules are Chromium's rules for names.
func resolverRules(hosts []string) string {
	var rules strings.Builder
	for _, host := range hosts {
		_, _ = rules.WriteString("MAP " + host + " 127.0.0.1, ")
	}
	_, _ = rules.WriteString("MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
	return rules.String()
}

// Login sets the credentials for the following login requests. The browser sends them once for each
// page; if they are rejected, it cancels the login. An empty user sends none.
func (b *Browser) Login(user, password string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.user, b.password = user, password
}

// Open loads a page with its resources and returns the status of the response.
func (b *Browser) Open(url string) int {
	b.tb.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageTimeout)
	defer cancel()
	response, err := chromedp.Run(ctx, chromedp.NavigateResponse(url))
	if err != nil {
		b.tb.Fatalf("opening %s: %v", url, err)
	}
	return int(response.Status)
}

// Await waits until a JavaScript expression is true in the page, and fails the test when it is not
// within pageTimeout.
func (b *Browser) Await(description, expression string) {
	b.tb.Helper()
	defer func() {
		if b.tb.Failed() {
			text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.href + ": " + document.body.innerText`))
			b.tb.Logf("the page is %s", text)
		}
	}()
	await.Until(b.tb, pageTimeout, description, func() bool {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression))
		return err == nil && ok // during a navigation the evaluation fails
	})
}

// Text returns the visible text of the page.
func (b *Browser) Text() string {
	b.tb.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`))
	if err != nil {
		b.tb.Fatalf("reading the page: %v", err)
	}
	return text
}

// Click clicks on the first element that a CSS selector matches.
func (b *Browser) Click(selector string) {
	b.tb.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageTimeout)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		b.tb.Fatalf("clicking on %s: %v", selector, err)
	}
}

// Fill types text into the first element that a CSS selector matches.
func (b *Browser) Fill(selector, text string) {
	b.tb.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageTimeout)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.SendKeys(chromedp.CSS(selector), text)); err != nil {
		b.tb.Fatalf("typing into %s: %v", selector, err)
	}
}

// Value returns the value of a JavaScript expression in the page, a text. A promise is awaited.
func (b *Browser) Value(expression string) string {
	b.tb.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageTimeout)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.tb.Fatalf("evaluating %s: %v", expression, err)
	}
	return text
}

// Requests returns the URLs that pages have requested so far.
func (b *Browser) Requests() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.requests)
}

// Errors returns the errors that the browser has logged: failed scripts, and what a content security
// policy has blocked.
func (b *Browser) Errors() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.errors)
}

// listen handles events of the browser. It must not wait for the browser, which waits for it.
func (b *Browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork { // network errors show in the status
			b.errors = append(b.errors, e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		b.errors = append(b.errors, e.ExceptionDetails.Text)
	case *fetch.EventRequestPaused:
		go b.continueRequest(e.RequestID)
	case *fetch.EventAuthRequired:
		credentials := fetch.AuthChallengeResponse{Response: fetch.AuthChallengeResponseResponseCancelAuth}
		if b.user != "" && !b.offered[e.RequestID] {
			b.offered[e.RequestID] = true
			credentials = fetch.AuthChallengeResponse{
				Response: fetch.AuthChallengeResponseResponseProvideCredentials, Username: b.user, Password: b.password,
			}
		}
		go b.answerLogin(e.RequestID, credentials)
	}
}

// continueRequest lets a paused request continue. It ignores errors: the browser may be closing.
func (b *Browser) continueRequest(request fetch.RequestID) {
	_, _ = chromedp.Call(b.ctx, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: request})
}

// answerLogin answers a login request. It ignores errors: the browser may be closing.
func (b *Browser) answerLogin(request fetch.RequestID, response fetch.AuthChallengeResponse) {
	_, _ = chromedp.Call(b.ctx, fetch.ContinueWithAuth, fetch.ContinueWithAuthParams{RequestID: request, AuthChallengeResponse: &response})
}
