package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// told is a line of the log.
type told struct {
	Level     string
	Msg       string
	RequestID string `json:"request_id"`
	Operation string
	Method    string
	Route     string
	Path      string
	Status    int
	Duration  float64
	Error     string
	Code      string
}

// tell has a request answered by a handler, and returns what the log tells, and the status that was counted.
func tell(t *testing.T, r *http.Request, handle edge.Handler) (lines []told, text, counted string) {
	t.Helper()
	var out bytes.Buffer
	log, err := logging.New(&out, "api", map[string]string{"LONGSHORE_LOG_LEVEL": "debug"})
	if err != nil {
		t.Fatal(err)
	}
	requests := metrics.NewRequests()
	engine := newEngine(front{log, requests, ""}, []edge.Route{
		{Method: http.MethodGet, Path: "/thing/:id", Handler: handle}, {Method: http.MethodPost, Path: `/thing\:act`, Handler: handle},
	})
	r.Header.Set("X-Request-Id", "r1")
	engine.ServeHTTP(httptest.NewRecorder(), r)
	for line := range strings.Lines(out.String()) {
		var one told
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, one)
	}
	for series, value := range gather(t, requests) {
		if name, labels, _ := strings.Cut(series, " "); name == "longshore_http_requests_total" && value == 1 {
			counted = labels
		}
	}
	return lines, out.String(), counted
}

// gather returns the values of counters and the sums of histograms, by name and labels.
func gather(t *testing.T, c prometheus.Collector) map[string]float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := make(map[string]float64)
	for _, family := range families {
		for _, sample := range family.GetMetric() {
			words := []string{family.GetName()}
			for _, pair := range sample.GetLabel() {
				words = append(words, pair.GetValue())
			}
			values[strings.Join(words, " ")] = sample.GetCounter().GetValue() + sample.GetHistogram().GetSampleSum()
		}
	}
	return values
}

// Each request is told of once, by its route and never by what its client wrote into the query, with all that is known of it; and is counted
// as it is told.
func TestEveryRequestIsToldOnce(t *testing.T) {
	t.Parallel()
	id := uuid.New()
	shows := func(c *gin.Context) error {
		edge.SetOperation(c, &operation.Operation{ID: id})
		c.String(http.StatusAccepted, "shown")
		return nil
	}
	refuses := func(c *gin.Context) error {
		edge.SetOperation(c, &operation.Operation{ID: id})
		return fault.New(fault.Conflict, "no", "You sent hidden.")
	}
	for name, tt := range map[string]struct {
		method, path string
		handle       edge.Handler
		want         told
		counted      string
	}{
		"a look":    {http.MethodGet, "/thing/1", shows, told{Level: "DEBUG", Msg: "request served", Operation: id.String(), Route: "/thing/:id", Status: 202}, "GET /thing/:id 202"},
		"a glance":  {http.MethodHead, "/thing/1", shows, told{Level: "DEBUG", Msg: "request served", Operation: id.String(), Route: "/thing/:id", Status: 202}, "HEAD /thing/:id 202"},
		"a change":  {http.MethodPost, "/thing:act", shows, told{Level: "INFO", Msg: "request served", Operation: id.String(), Route: "/thing:act", Status: 202}, "POST /thing:act 202"},
		"a refusal": {http.MethodPost, "/thing:act", refuses, told{Level: "INFO", Msg: "request not served", Operation: id.String(), Route: "/thing:act", Path: "/thing:act", Status: 409, Code: "no"}, "POST /thing:act 409"},
		"no route":  {http.MethodGet, "/secret-place", nil, told{Level: "INFO", Msg: "request not served", Route: "none", Path: "/secret-place", Status: 404}, "GET none 404"},
		"no method": {"BREW", "/thing/1", nil, told{Level: "INFO", Msg: "request not served", Route: "none", Path: "/thing/1", Status: 405}, "other none 405"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), tt.method, tt.path+"?key=hidden", strings.NewReader("hidden"))
		lines, text, counted := tell(t, r, tt.handle)
		if len(lines) != 1 || strings.Contains(text, "hidden") {
			t.Errorf("%s: the log says %s", name, text)
			continue
		}
		got := lines[0]
		if got.Duration <= 0 || (got.Code == "") != (got.Path == "") || got.Error != "" {
			t.Errorf("%s: it took %v: %s", name, got.Duration, text)
		}
		got.Duration = 0
		if tt.want.Code == "" {
			got.Code = ""
		}
		tt.want.RequestID, tt.want.Method = "r1", tt.method
		if got != tt.want || counted != tt.counted {
			t.Errorf("%s: told %+v, counted %s", name, got, counted)
		}
	}
}

func TestAClientThatLeftIsNoFailure(t *testing.T) {
	t.Parallel()
	ctx, leave := context.WithCancel(t.Context())
	leave()
	lines, text, counted := tell(t, httptest.NewRequestWithContext(ctx, http.MethodGet, "/thing/1", nil), func(*gin.Context) error {
		return fault.New(fault.Unavailable, "database-unavailable", "Later.").Because(ctx.Err())
	})
	if len(lines) != 1 || lines[0].Level != "INFO" || !strings.Contains(text, "left") || strings.Contains(text, "503") ||
		strings.Contains(text, "unavailable") || counted != "GET /thing/:id 499" {
		t.Errorf("of a client that left: %s, counted %s", text, counted)
	}
	lines, text, counted = tell(t, httptest.NewRequestWithContext(ctx, http.MethodGet, "/thing/1", nil), func(*gin.Context) error {
		return errors.New("broken")
	})
	if len(lines) != 1 || lines[0].Level != "ERROR" || counted != "GET /thing/:id 500" {
		t.Errorf("of our own fault: %s, counted %s", text, counted)
	}
}

func TestOnlyOurOwnFaultsAreErrorsInTheLog(t *testing.T) {
	t.Parallel()
	for err, level := range map[error]slog.Level{
		errors.New("broken"):                      slog.LevelError,
		fmt.Errorf("writing: %w", errNotTaken):    slog.LevelInfo,
		fmt.Errorf("%w: gone", context.Canceled):  slog.LevelError, // the client is still there
		fault.New(fault.NotFound, "none", "None"): slog.LevelInfo,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/thing/1", nil)
		lines, text, counted := tell(t, r, func(*gin.Context) error { return err })
		if len(lines) != 1 || lines[0].Level != level.String() || (level == slog.LevelError) != strings.HasSuffix(counted, " 500") {
			t.Errorf("%v: %s, counted %s", err, text, counted)
		}
	}
}

// What the client takes for its upload, and what it waits for beyond the acceptance, is not our work.
func TestAcceptingIsMeasuredFromTheEndOfTheBody(t *testing.T) {
	t.Parallel()
	const upload, work, wait = 20 * time.Second, 3 * time.Second, 7 * time.Second
	for name, waits := range map[string]bool{"at once": false, "waits": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				requests := metrics.NewRequests()
				client, ends := connectMeasured(t, requests, func(c *gin.Context) error {
					if _, err := io.ReadAll(c.Request.Body); err != nil {
						return err
					}
					time.Sleep(work) // the clock of the bubble
					story := edge.RequestInfoOf(c.Request.Context())
					story.Accepted = &operation.Operation{Kind: operation.Import, Collection: "tools"}
					if waits {
						story.StartWait()
						time.Sleep(wait) // the clock of the bubble
					}
					c.String(http.StatusAccepted, "accepted")
					return nil
				})
				ask(t, client, "POST /thing HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo")
				time.Sleep(upload) // the clock of the bubble
				ask(t, client, "dy")
				<-ends
				if _, err := http.ReadResponse(bufio.NewReader(client), nil); err != nil {
					t.Fatal(err)
				}
				got := gather(t, requests)
				if took := got["longshore_accept_seconds import"]; took != work.Seconds() {
					t.Errorf("accepting took %v seconds", took)
				}
				if n := got["longshore_operations_accepted_total tools import"]; n != 1 {
					t.Errorf("%v operations were accepted", n)
				}
				all := upload + work
				if waits {
					all += wait
				}
				if took := got["longshore_http_request_seconds POST /thing"]; took != all.Seconds() {
					t.Errorf("the request took %v seconds", took)
				}
			})
		})
	}
}
