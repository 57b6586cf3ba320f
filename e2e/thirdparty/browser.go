package thirdparty

import (
	"context"
	"slices"
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

// pageLimit bounds how long a page may take to show what a test waits for, on a machine that is busy with other tests.
const pageLimit = 30 * time.Second

// Browser is a headless Chromium with one page and an empty profile. Names of hosts lead nowhere in it, so that nothing that it asks for
// leaves this machine. Its methods are for the test's own goroutine.
type Browser struct {
	tb  testing.TB
	ctx context.Context // of chromedp, which keeps the page in it

	mu             sync.Mutex
	user, password string
	offered        map[fetch.RequestID]bool
	requests       []string
	complaints     []string
}

// StartBrowser starts Chromium. It is stopped when the test ends.
func StartBrowser(tb testing.TB) *Browser {
	tb.Helper()
	program, err := thirdparty.Find("chromium")
	must(tb, err)
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(program), chromedp.UserDataDir(tb.TempDir()), chromedp.WindowSize(1280, 900),
		chromedp.NoSandbox, chromedp.DisableGPU, // root has no sandbox, and servers have no graphics
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ = chromedp.NewContext(ctx)
	tb.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits for the end, so that the profile can be deleted
		cancel()
	})
	b := &Browser{tb: tb, ctx: ctx, offered: make(map[fetch.RequestID]bool)}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		tb.Fatalf("starting Chromium: %v", err)
	}
	asks := true // and chromedp itself asks for what is heard of network, log and runtime
	if _, err := chromedp.Call(ctx, fetch.Enable, fetch.EnableParams{HandleAuthRequests: &asks}); err != nil {
		tb.Fatalf("asking Chromium for its questions: %v", err)
	}
	return b
}

// Login makes the browser answer the next questions for a login, as a user does who types it once: where it is refused, he gives up.
// An empty user types nothing at all.
func (b *Browser) Login(user, password string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.user, b.password = user, password
}

// Open goes to an address, waits for the page's own parts and returns the status of the answer.
func (b *Browser) Open(address string) int {
	b.tb.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageLimit)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.NavigateResponse(address))
	if err != nil {
		b.tb.Fatalf("opening %s: %v", address, err)
	}
	return int(answer.Status)
}

// Await waits until a JavaScript expression is true in the page, and ends the test if it never is.
func (b *Browser) Await(what, expression string) {
	b.tb.Helper()
	await.Until(b.tb, pageLimit, what+" to be shown", func() bool {
		holds, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression))
		return err == nil && holds // a page that is about to be replaced can't tell
	})
}

// Text is what the page shows.
func (b *Browser) Text() string {
	b.tb.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`))
	if err != nil {
		b.tb.Fatalf("reading the page: %v", err)
	}
	return text
}

// Click clicks on what a CSS selector finds first.
func (b *Browser) Click(selector string) {
	b.tb.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageLimit)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		b.tb.Fatalf("clicking on %s: %v", selector, err)
	}
}

// Requests are the addresses that pages have asked for so far.
func (b *Browser) Requests() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.requests)
}

// Errors are what the browser itself has complained of: scripts that failed, and what a content security policy has forbidden.
func (b *Browser) Errors() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.complaints)
}

// listen hears what happens in the browser. It must not wait for the browser, which waits for it.
func (b *Browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork { // of which statuses tell
			b.complaints = append(b.complaints, e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, e.ExceptionDetails.Text)
	case *fetch.EventRequestPaused:
		go b.goOn(e.RequestID)
	case *fetch.EventAuthRequired:
		answer := fetch.AuthChallengeResponse{Response: fetch.AuthChallengeResponseResponseCancelAuth}
		if b.user != "" && !b.offered[e.RequestID] {
			b.offered[e.RequestID] = true
			answer = fetch.AuthChallengeResponse{
				Response: fetch.AuthChallengeResponseResponseProvideCredentials, Username: b.user, Password: b.password,
			}
		}
		go b.answer(e.RequestID, answer)
	}
}

// goOn lets a request go on, and answer answers a question for a login. A browser that is closing does not hear them.
func (b *Browser) goOn(request fetch.RequestID) {
	_, _ = chromedp.Call(b.ctx, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: request})
}

func (b *Browser) answer(request fetch.RequestID, answer fetch.AuthChallengeResponse) {
	_, _ = chromedp.Call(b.ctx, fetch.ContinueWithAuth, fetch.ContinueWithAuthParams{RequestID: request, AuthChallengeResponse: &answer})
}
