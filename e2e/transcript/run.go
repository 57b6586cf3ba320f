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
	// untilLimit bounds the time of a repeated request, untilInterval is the pause between
	// attempts.
	untilLimit    = 60 * time.Second
	untilInterval = 50 * time.Millisecond
)

// Run runs sections against the api at a base address, such as "http://127.0.0.1:8080", and fails
// the test at the first response that differs from the expected one.
func (s *Script) Run(tb testing.TB, base string, sections ...string) {
	tb.Helper()
	for _, name := range sections {
		if len(s.sections[name]) == 0 {
			tb.Fatalf("the script has no section %q", name)
		}
		for _, x := range s.sections[name] {
			s.run(tb, base, x)
		}
	}
}

func (s *Script) run(tb testing.TB, base string, x exchange) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), untilLimit)
	defer cancel()
	for {
		got, err := x.send(ctx, base, s.values)
		if err != nil {
			tb.Fatalf("%s: %v", x.position, err)
		}
		known := maps.Clone(s.values)
		wrong := x.compare(got, known)
		if len(wrong) == 0 {
			s.values = known
			return
		}
		if !x.until || await.Sleep(ctx, untilInterval) != nil {
			tb.Fatalf("%s: %s %s: the response differs:\n  %s\n%s",
				x.position, x.request.first, x.request.second, strings.Join(wrong, "\n  "), got)
		}
	}
}

// response is a received response.
type response struct {
	status int
	header http.Header
	body   []byte
}

func (r response) String() string { return fmt.Sprintf("%d %v\n%s", r.status, r.header, r.body) }

// client does not follow redirects, because they are part of the conversation.
var client = &http.Client{
	Timeout:       requestLimit,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (x exchange) send(ctx context.Context, base string, known values) (response, error) {
	address := known.fill(x.request.second)
	if strings.HasPrefix(address, "/") {
		address = base + address
	}
	req, err := http.NewRequestWithContext(ctx, x.request.first, address, strings.NewReader(known.fill(x.request.body)))
	if err != nil {
		return response{}, fmt.Errorf("creating the request: %w", err)
	}
	for _, h := range x.request.header {
		req.Header.Add(h[0], known.fill(h[1]))
	}
	req.Host = req.Header.Get("Host") // net/http reads the header's value from here; empty means the host of the address
	resp, err := client.Do(req)
	if err != nil {
		return response{}, fmt.Errorf("sending the request: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return response{}, fmt.Errorf("reading the response: %w", err)
	}
	return response{resp.StatusCode, resp.Header, body}, nil
}

// compare lists the differences to the expected response, and adds the values of new names to
// known.
func (x exchange) compare(got response, known values) (wrong []string) {
	if x.expected.first != strconv.Itoa(got.status) {
		wrong = append(wrong, fmt.Sprintf("the status is %d, want %s", got.status, x.expected.first))
	}
	for _, h := range x.expected.header {
		switch value := got.header.Get(h[0]); {
		case h[1] == absent:
			if value != "" {
				wrong = append(wrong, fmt.Sprintf("%s is %q, want none", h[0], value))
			}
		case !known.match(h[1], value):
			wrong = append(wrong, fmt.Sprintf("%s is %q, want %s", h[0], value, h[1]))
		}
	}
	switch expected := strings.TrimSpace(x.expected.body); {
	case expected == "":
	case strings.HasPrefix(expected, "<"):
		wrong = append(wrong, compareXML(expected, got.body, known)...)
	case strings.HasPrefix(expected, "{") && !strings.HasPrefix(expected, "{{"), strings.HasPrefix(expected, "["):
		wrong = append(wrong, compareJSON(expected, got.body, known)...)
	case !known.match(expected, strings.TrimSpace(string(got.body))):
		wrong = append(wrong, "the body differs from "+expected)
	}
	return wrong
}
