package admission_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/stack"
)

const (
	// clients is the number of slow readers, and of slow uploads.
	clients = 500
	// memoryLimit is that of the api's pod, goMemoryLimit the GOMEMLIMIT of its container: see
	// deploy/k8s/base/api.yaml.
	memoryLimit   = 512 << 20
	goMemoryLimit = "GOMEMLIMIT=460MiB"
	// sentBytes is what a slow upload sends before it becomes slow. It fills most of a chunk.
	sentBytes = 3 << 20
	// pollLimit is the maximum time of a poll beside the slow clients, on a machine that is busy with them
	// and with other tests.
	pollLimit = 20 * time.Second
)

// TestSlowClients lets readers that read nothing and uploads that become slow occupy an api: it stays
// within its memory, answers polls, cancels and health checks, and has nothing left of them at their
// end.
func TestSlowClients(t *testing.T) {
	s := stack.Start(t, stack.Options{
		Searchers: stack.None, Reporters: stack.None,
		Env: []string{goMemoryLimit, "LONGSHORE_IMPORTER_CONCURRENCY=1", "LONGSHORE_MAX_RECORD_BYTES=1048576"},
	})
	large := importRecords(t, s, 12)
	watch := watchMemory(t, s)
	polls := startPolls(t, s, large)

	readers := openReaders(t, s, "/operations/"+large+"/records?outcome=created")
	watch.log(t, "slow readers")
	uploads := openUploads(t, s)
	watch.log(t, "slow uploads besides")
	cancelOne(t, s)

	polls.stop(t)
	for _, conn := range append(readers, uploads...) {
		_ = conn.Close()
	}
	awaitReleased(t, s)
	watch.check(t)
}

// importRecords imports MiB of records that can't be compressed, and returns the operation's id.
func importRecords(t *testing.T, s *stack.Stack, mebibytes int) string {
	t.Helper()
	var body strings.Builder
	for n := 0; body.Len() < mebibytes<<20; n++ {
		body.WriteString(record(fmt.Sprintf("large-%d", n)))
	}
	id := post(t, s, body.String())
	awaitSuccess(t, s, id)
	return id
}

// poller polls an operation and the health check until it is stopped.
type poller struct {
	done    chan struct{}
	stopped sync.WaitGroup
	count   atomic.Int64
	slowest atomic.Int64
}

func startPolls(t *testing.T, s *stack.Stack, id string) *poller {
	t.Helper()
	p := &poller{done: make(chan struct{})}
	addresses := []string{s.Client().Base() + "/operations/" + id, s.Admin("api", 0) + "/readyz"}
	for _, address := range addresses {
		p.stopped.Go(func() {
			for {
				select {
				case <-p.done:
					return
				default:
				}
				started := time.Now()
				status, text := sendTo(t, http.MethodGet, address, "")
				if status != http.StatusOK {
					t.Errorf("GET %s = %d %s beside the slow clients, want 200", address, status, text)
				}
				p.count.Add(1)
				p.slowest.Store(max(p.slowest.Load(), int64(time.Since(started))))
			}
		})
	}
	return p
}

func (p *poller) stop(t *testing.T) {
	t.Helper()
	close(p.done)
	p.stopped.Wait()
	slowest := time.Duration(p.slowest.Load())
	t.Logf("%d polls beside the slow clients, the slowest took %s", p.count.Load(), slowest)
	if slowest > pollLimit {
		t.Errorf("a poll took %s, want at most %s", slowest, pollLimit)
	}
}

// openReaders opens connections that ask for an address and read only the status.
func openReaders(t *testing.T, s *stack.Stack, path string) []net.Conn {
	t.Helper()
	return openAll(t, s, func(conn net.Conn) (status string) {
		_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path)
		return readStatus(conn)
	})
}

// openUploads opens connections that send most of a chunk and then little. The status is empty unless
// the upload was refused.
func openUploads(t *testing.T, s *stack.Stack) []net.Conn {
	t.Helper()
	var body strings.Builder
	for n := 0; body.Len() < sentBytes; n++ {
		body.WriteString(record(fmt.Sprintf("upload-%d", n)))
	}
	text := body.String()
	return openAll(t, s, func(conn net.Conn) (status string) {
		_, _ = fmt.Fprintf(conn, "POST /api/tools/import HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n", 1<<30)
		if _, err := io.WriteString(conn, text); err != nil {
			return readStatus(conn)
		}
		for n := range 5 {
			if _, err := io.WriteString(conn, record(fmt.Sprintf("slow-%d", n))); err != nil {
				return readStatus(conn)
			}
			time.Sleep(time.Second) //nolint:forbidigo // it is the client that is slow
		}
		return ""
	})
}

// openAll opens connections with a small receive buffer, each in a goroutine, and counts their
// statuses: those that are refused get a Retry-After.
func openAll(t *testing.T, s *stack.Stack, talk func(net.Conn) (status string)) []net.Conn {
	t.Helper()
	var (
		all      sync.WaitGroup
		mu       sync.Mutex
		statuses = make(map[string]int)
		conns    []net.Conn
	)
	for range clients {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.Client().Base(), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10) //nolint:forcetypeassert // it was dialed as TCP
		conns = append(conns, conn)
		all.Go(func() {
			status := talk(conn)
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
		})
	}
	all.Wait()
	t.Logf("statuses of %d slow clients: %v", clients, statuses)
	for status := range statuses {
		if !slices.Contains([]string{"", "200", "429", "503"}, status) {
			t.Errorf("a slow client got %q, want 200, 429, 503 or nothing yet", status)
		}
	}
	return conns
}

// readStatus reads the status of a response; "" if there is none.
func readStatus(conn net.Conn) string {
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	line, _ := bufio.NewReaderSize(conn, 64).ReadString('\n')
	_, rest, _ := strings.Cut(line, " ")
	status, _, _ := strings.Cut(rest, " ")
	return status
}

// cancelOne starts an upload in one request, which may be refused at first, and cancels it.
func cancelOne(t *testing.T, s *stack.Stack) {
	t.Helper()
	id := post(t, s, record("small"))
	if status, text := send(t, s, http.MethodDelete, "/operations/"+id, ""); status != http.StatusOK && status != http.StatusNoContent {
		t.Errorf("DELETE = %d %s beside the slow clients, want 200 or 204", status, text)
	}
}
