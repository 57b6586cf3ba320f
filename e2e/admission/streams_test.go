package admission_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/stack"
)

const (
	// streams is the number of event streams of one operation.
	streams = 3000
	// streamPolls are the polls beside them, one in each pollPause.
	streamPolls = 100
	pollPause   = 100 * time.Millisecond
	// maxTransactions is the maximum of transactions a second in Postgres beside so many streams. Each
	// poll is one, and each service has some of its own.
	maxTransactions = 200
)

// TestManyEventStreams follows one waiting import by many event streams: Postgres does not notice how
// many there are, and polls are answered. When the import ends, all streams end with its last event.
func TestManyEventStreams(t *testing.T) {
	s := stack.Start(t, stack.Options{
		Importers: stack.None, Searchers: stack.None, Reporters: stack.None, Env: []string{goMemoryLimit},
	})
	id := post(t, s, record("small"))
	idle, _ := measurePolls(t, s, id)
	watch := watchMemory(t, s)
	conns := openStreams(t, s, id)
	busy, slowest := measurePolls(t, s, id)
	for range 3 { // Postgres counts the transactions of an idle session up to 10 s later: those that began the streams
		if busy > maxTransactions {
			busy, slowest = measurePolls(t, s, id)
		}
	}
	t.Logf("%.0f transactions a second with no stream, %.0f with %d streams; the slowest of %d polls took %s",
		idle, busy, streams, streamPolls, slowest)
	if busy > maxTransactions {
		t.Errorf("%.0f transactions a second with %d streams, want at most %d", busy, streams, maxTransactions)
	}
	if status, text := send(t, s, http.MethodPost, "/operations/"+id+":cancel", ""); status != http.StatusOK {
		t.Errorf("cancel = %d %s, want 200", status, text)
	}
	for _, conn := range conns {
		if text := readAll(conn); !strings.Contains(text, "event: finished") {
			t.Errorf("a stream ended with %q, want the last event", text)
			break
		}
	}
	awaitReleased(t, s)
	watch.log(t, "event streams")
	watch.check(t)
}

// measurePolls polls for a while and returns the transactions a second in Postgres, and the slowest
// poll.
func measurePolls(t *testing.T, s *stack.Stack, id string) (transactions float64, slowest time.Duration) {
	t.Helper()
	const commits = `SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()`
	before, started := s.Number(commits), time.Now()
	for range streamPolls {
		polled := time.Now()
		if status, text := send(t, s, http.MethodGet, "/operations/"+id, ""); status != http.StatusOK {
			t.Errorf("GET = %d %s beside the streams, want 200", status, text)
		}
		slowest = max(slowest, time.Since(polled))
		_ = await.Sleep(t.Context(), pollPause)
	}
	return float64(s.Number(commits)-before) / time.Since(started).Seconds(), slowest
}

// openStreams opens the event streams and waits until each has begun.
func openStreams(t *testing.T, s *stack.Stack, id string) []net.Conn {
	t.Helper()
	address := strings.TrimPrefix(s.Client().Base(), "http://")
	conns := make([]net.Conn, streams)
	var all sync.WaitGroup
	places := make(chan struct{}, 50)
	for i := range conns {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			conns[i] = conn
			_, _ = fmt.Fprintf(conn, "GET /operations/%s/events HTTP/1.0\r\nHost: localhost\r\n\r\n", id)
			if status := readStatus(conn); status != "200" {
				t.Errorf("an event stream got %q, want 200", status)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	t.Cleanup(func() {
		for _, conn := range conns {
			_ = conn.Close()
		}
	})
	return conns
}
