package transcript

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
)

const (
	// requestLimit bounds one request.
	requestLimit = 30 * time.Second
	// untilLimit bounds how long a request is repeated, untilPace is the pause between.
	untilLimit = 60 * time.Second
	untilPace  = 50 * time.Millisecond
)

// Run plays scenes against the api at a base address, such as "http://127.0.0.1:8080", and fails the test at the first answer that is not
// as written.
func (p *Play) Run(tb testing.TB, base string, scenes ...string) {
	tb.Helper()
	for _, name := range scenes {
		if len(p.scenes[name]) == 0 {
			tb.Fatalf("there is no scene %q", name)
		}
		for _, x := range p.scenes[name] {
			p.play(tb, base, x)
		}
	}
}

func (p *Play) play(tb testing.TB, base string, x exchange) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), untilLimit)
	defer cancel()
	for {
		got, err := x.send(ctx, base, p.values)
		if err != nil {
			tb.Fatalf("%s: %v", x.where, err)
		}
		met := maps.Clone(p.values)
		wrong := x.compare(got, met)
		if len(wrong) == 0 {
			p.values = met
			return
		}
		if !x.until || await.Sleep(ctx, untilPace) != nil {
			tb.Fatalf("%s: %s %s is answered otherwise than written:\n  %s\n%s",
				x.where, x.request.first, x.request.second, strings.Join(wrong, "\n  "), got)
		}
	}
}

// answer is what came.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) String() string { return fmt.Sprintf("%d %v\n%s", a.status, a.header, a.body) }

// noRedirect: what a poller is sent to is part of the conversation.
var client = &http.Client{
	Timeout:       requestLimit,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (x exchange) send(ctx context.Context, base string, known values) (answer, error) {
	address := known.fill(x.request.second)
	if strings.HasPrefix(address, "/") {
		address = base + address
	}
	req, err := http.NewRequestWithContext(ctx, x.request.first, address, strings.NewReader(known.fill(x.request.body)))
	if err != nil {
		return answer{}, fmt.Errorf("making the request: %w", err)
	}
	for _, h := range x.request.header {
		req.Header.Add(h[0], known.fill(h[1]))
	}
	req.Host = req.Header.Get("Host") // net/http sends it from there, or, if it is empty, that of the address
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("asking: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, fmt.Errorf("reading the answer: %w", err)
	}
	return answer{resp.StatusCode, resp.Header, body}, nil
}

// compare lists what is otherwise than written, and adds to what is known.
func (x exchange) compare(got answer, known values) (wrong []string) {
	if x.expected.first != strconv.Itoa(got.status) {
		wrong = append(wrong, fmt.Sprintf("the status is %d, not %s", got.status, x.expected.first))
	}
	for _, h := range x.expected.header {
		switch given := got.header.Get(h[0]); {
		case h[1] == absent:
			if given != "" {
				wrong = append(wrong, fmt.Sprintf("there is a %s, %q", h[0], given))
			}
		case !known.match(h[1], given):
			wrong = append(wrong, fmt.Sprintf("%s is %q, not %s", h[0], given, h[1]))
		}
	}
	switch written := strings.TrimSpace(x.expected.body); {
	case written == "":
	case strings.HasPrefix(written, "<"):
		wrong = append(wrong, compareXML(written, got.body, known)...)
	case strings.HasPrefix(written, "{") && !strings.HasPrefix(written, "{{"), strings.HasPrefix(written, "["):
		wrong = append(wrong, compareJSON(written, got.body, known)...)
	case !known.match(written, strings.TrimSpace(string(got.body))):
		wrong = append(wrong, "the body is not "+written)
	}
	return wrong
}
