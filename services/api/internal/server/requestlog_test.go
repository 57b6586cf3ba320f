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
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// logLine is a line of the log.
type logLine struct {
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

// logRequest serves a request with the handler. It returns the log, parsed and as text, and the
// labels under which the request was counted.
func logRequest(t *testing.T, r *http.Request, handle edge.Handler) (lines []logLine, text, counted string) {
	t.Helper()
	var out bytes.Buffer
	log, err := logging.New(&out, "api", map[string]string{"LONGSHORE_LOG_LEVEL": "debug"})
	if err != nil {
		t.Fatal(err)
	}
	requests := metrics.NewRequests()
	engine := newEngine(middleware{log, requests, noLimits(), "", edge.NewAddresses(""), nil, testGuard()}, []edge.Route{
		{Method: http.MethodGet, Path: "/thing/:id", Handler: handle}, {Method: http.MethodPost, Path: `/thing\:act`, Handler: handle},
	})
	r.Header.Set("X-Request-Id", "r1")
	engine.ServeHTTP(httptest.NewRecorder(), r)
	for line := range strings.Lines(out.String()) {
		var parsed logLine
		if err := json.Unmarshal([]byte(line), &parsed); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, parsed)
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
			key := []string{family.GetName()}
			for _, pair := range sample.GetLabel() {
				key = append(key, pair.GetValue())
			}
			values[strings.Join(key, " ")] = sample.GetCounter().GetValue() + sample.GetHistogram().GetSampleSum()
		}
	}
	return values
}

// Every request is logged and counted once, by its route. The log contains neither the query nor
// the body.
func TestRequestLogHasOneLinePerRequest(t *testing.T) {
	t.Parallel()
	id := uuid.New()
	succeed := func(c *gin.Context) error {
		edge.SetOperation(c, &operation.Operation{ID: id})
		c.String(http.StatusAccepted, "ok")
		return nil
	}
	refuse := func(c *gin.Context) error {
		edge.SetOperation(c, &operation.Operation{ID: id})
		return fault.New(fault.Conflict, "no", "You sent hidden.")
	}
	for name, tt := range map[string]struct {
		method, path string
		handle       edge.Handler
		want         logLine
		counted      string
	}{
		"GET":       {http.MethodGet, "/thing/1", succeed, logLine{Level: "DEBUG", Msg: "request served", Operation: id.String(), Route: "/thing/:id", Status: 202}, "GET false /thing/:id 202"},
		"HEAD":      {http.MethodHead, "/thing/1", succeed, logLine{Level: "DEBUG", Msg: "request served", Operation: id.String(), Route: "/thing/:id", Status: 202}, "HEAD false /thing/:id 202"},
		"POST":      {http.MethodPost, "/thing:act", succeed, logLine{Level: "INFO", Msg: "request served", Operation: id.String(), Route: "/thing:act", Status: 202}, "POST false /thing:act 202"},
		"refused":   {http.MethodPost, "/thing:act", refuse, logLine{Level: "INFO", Msg: "request not served", Operation: id.String(), Route: "/thing:act", Path: "/thing:act", Status: 409, Code: "no"}, "POST false /thing:act 409"},
		"no route":  {http.MethodGet, "/secret-place", nil, logLine{Level: "INFO", Msg: "request not served", Route: "none", Path: "/secret-place", Status: 404}, "GET false none 404"},
		"no method": {"BREW", "/thing/1", nil, logLine{Level: "INFO", Msg: "request not served", Route: "none", Path: "/thing/1", Status: 405}, "other false none 405"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), tt.method, tt.path+"?key=hidden", strings.NewReader("hidden"))
			lines, text, counted := logRequest(t, r, tt.handle)
			if len(lines) != 1 || strings.Contains(text, "hidden") {
				t.Fatalf("log = %s, want one line without the query and the body", text)
			}
			got := lines[0]
			if got.Duration <= 0 {
				t.Errorf("duration = %v, want more than 0", got.Duration)
			}
			if (got.Code == "") != (got.Path == "") || got.Error != "" {
				t.Errorf("log = %s, want code and path for client errors only, and no error", text)
			}
			got.Duration = 0
			if tt.want.Code == "" {
				got.Code = ""
			}
			tt.want.RequestID, tt.want.Method = "r1", tt.method
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
			if counted != tt.counted {
				t.Errorf("counted as %q, want %q", counted, tt.counted)
			}
		})
	}
}

func TestRequestLogAfterClientLeft(t *testing.T) {
	t.Parallel()
	ctx, leave := context.WithCancel(t.Context())
	leave()
	lines, text, counted := logRequest(t, httptest.NewRequestWithContext(ctx, http.MethodGet, "/thing/1", nil), func(*gin.Context) error {
		return fault.New(fault.Unavailable, "database-unavailable", "Later.").Because(ctx.Err())
	})
	if len(lines) != 1 || lines[0].Level != "INFO" || !strings.Contains(text, "left") || strings.Contains(text, "503") ||
		strings.Contains(text, "unavailable") {
		t.Errorf("log = %s, want one INFO line without the error", text)
	}
	if want := "GET false /thing/:id 499"; counted != want {
		t.Errorf("counted as %q, want %q", counted, want)
	}
	lines, text, counted = logRequest(t, httptest.NewRequestWithContext(ctx, http.MethodGet, "/thing/1", nil), func(*gin.Context) error {
		return errors.New("broken")
	})
	if len(lines) != 1 || lines[0].Level != "ERROR" {
		t.Errorf("log = %s, want one ERROR line for an internal error", text)
	}
	if want := "GET false /thing/:id 500"; counted != want {
		t.Errorf("counted as %q, want %q", counted, want)
	}
}

func TestRequestLogLevel(t *testing.T) {
	t.Parallel()
	for err, level := range map[error]slog.Level{
		errors.New("broken"):                           slog.LevelError,
		fmt.Errorf("writing: %w", errClientNotReading): slog.LevelInfo,
		fmt.Errorf("%w: gone", context.Canceled):       slog.LevelError, // the client is still connected
		fault.New(fault.NotFound, "none", "None"):      slog.LevelInfo,
		fault.New(fault.Busy, "busy", "Later"):         slog.LevelWarn,
		fault.New(fault.TooMany, "many", "Later"):      slog.LevelWarn,
		fault.New(fault.StorageFull, "full", "Later"):  slog.LevelWarn,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/thing/1", nil)
		lines, text, counted := logRequest(t, r, func(*gin.Context) error { return err })
		if len(lines) != 1 || lines[0].Level != level.String() {
			t.Errorf("log of %v = %s, want one line at %s", err, text, level)
		}
		if got := strings.HasPrefix(counted, "GET false /thing/:id 5"); got != (level == slog.LevelError) {
			t.Errorf("%v was counted as %q, want a server error: %t", err, counted, level == slog.LevelError)
		}
		if got := strings.HasPrefix(counted, "GET true "); got != (level == slog.LevelWarn) {
			t.Errorf("%v was counted as %q, want refused: %t", err, counted, level == slog.LevelWarn)
		}
	}
}

// The acceptance time starts at the end of the upload and ends before the wait that the client
// prefers.
func TestRequestLogMeasuresAcceptance(t *testing.T) {
	t.Parallel()
	const upload, work, wait = 20 * time.Second, 3 * time.Second, 7 * time.Second
	for name, waits := range map[string]bool{"no wait": false, "waits": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				requests := metrics.NewRequests()
				client, results := connectMeasured(t, requests, func(c *gin.Context) error {
					if _, err := io.ReadAll(c.Request.Body); err != nil {
						return err
					}
					time.Sleep(work) // the clock of the bubble
					info := edge.RequestInfoOf(c.Request.Context())
					info.Accepted = &operation.Operation{Kind: operation.Import, Collection: "tools"}
					if waits {
						info.StartWait()
						time.Sleep(wait) // the clock of the bubble
					}
					c.String(http.StatusAccepted, "accepted")
					return nil
				})
				send(t, client, "POST /thing HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo")
				time.Sleep(upload) // the clock of the bubble
				send(t, client, "dy")
				<-results
				if _, err := http.ReadResponse(bufio.NewReader(client), nil); err != nil {
					t.Fatal(err)
				}
				got := gather(t, requests)
				total := upload + work
				if waits {
					total += wait
				}
				for series, want := range map[string]float64{
					"longshore_accept_seconds import":                  work.Seconds(),
					"longshore_operations_accepted_total tools import": 1,
					"longshore_http_request_seconds POST /thing":       total.Seconds(),
				} {
					if got[series] != want {
						t.Errorf("%s = %v, want %v", series, got[series], want)
					}
				}
			})
		})
	}
}
