package admission_test

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/stack"
)

// record returns a valid record of about 900 bytes.
func record(id string) string { return recordOf(id, 400) }

// recordOf returns a line of NDJSON with a valid record, whose description has two letters for each
// of the random bytes, so that it can't be compressed well.
func recordOf(id string, bytes int) string {
	text := make([]byte, bytes)
	_, _ = rand.Read(text)
	return fmt.Sprintf(`{"tool_id":%q,"tool_name":"Name","category":"Test","description":%q}`+"\n", id, hex.EncodeToString(text))
}

// idOf returns the id of the operation in the headers of its 202.
func idOf(header http.Header) string {
	location := header.Get("Operation-Location")
	return location[strings.LastIndexByte(location, '/')+1:]
}

// post imports NDJSON, as often as the server asks for it, and returns the operation's id.
func post(t *testing.T, s *stack.Stack, body string) (id string) {
	t.Helper()
	await.Until(t, 2*time.Minute, "an accepted import", func() bool {
		status, header, text := sendNDJSON(t, http.MethodPost, s.Client().Base()+"/api/tools/import", body)
		if status != http.StatusAccepted {
			seconds, err := strconv.Atoi(header.Get("Retry-After"))
			if err != nil {
				t.Fatalf("POST = %d %s without Retry-After, want 202", status, text)
			}
			_ = await.Sleep(t.Context(), time.Duration(seconds)*time.Second)
			return false
		}
		id = idOf(header)
		return true
	})
	return id
}

// readAll reads what is left of a connection.
func readAll(conn net.Conn) string {
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	text, _ := io.ReadAll(conn)
	return string(text)
}

// awaitSuccess waits until an operation has succeeded.
func awaitSuccess(t *testing.T, s *stack.Stack, id string) {
	t.Helper()
	await.Until(t, time.Minute, "the end of the import", func() bool {
		status, text := send(t, s, http.MethodGet, "/operations/"+id, "")
		if strings.Contains(text, `"failed":`) && !strings.Contains(text, `"failed":0`) {
			t.Fatalf("the import has rejected records: %s", text)
		}
		return status == http.StatusOK && strings.Contains(text, `"Succeeded"`)
	})
}

func send(t *testing.T, s *stack.Stack, method, path, body string) (status int, text string) {
	t.Helper()
	return sendTo(t, method, s.Client().Base()+path, body)
}

func sendTo(t *testing.T, method, address, body string) (status int, text string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	if strings.HasSuffix(address, "/search") {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer func() { _ = response.Body.Close() }()
	content, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(content)
}

// sendNDJSON sends a body of NDJSON.
func sendNDJSON(t *testing.T, method, address, body string) (status int, header http.Header, text string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	content, _ := io.ReadAll(response.Body)
	return response.StatusCode, response.Header, string(content)
}

// memory is the largest resident memory of the api that was seen.
type memory struct{ most atomic.Int64 }

// watchMemory measures the resident memory until the end of the test.
func watchMemory(t *testing.T, s *stack.Stack) *memory {
	t.Helper()
	m := new(memory)
	address := s.Admin("api", 0) + "/metrics"
	go func() {
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
			case <-t.Context().Done():
				return
			}
			if resident, ok := gauge(address, "process_resident_memory_bytes"); ok {
				m.most.Store(max(m.most.Load(), int64(resident)))
			}
		}
	}()
	return m
}

func (m *memory) log(t *testing.T, when string) {
	t.Helper()
	t.Logf("%s: at most %d MiB resident", when, m.most.Load()>>20)
}

func (m *memory) check(t *testing.T) {
	t.Helper()
	if most := m.most.Load(); most == 0 || most >= memoryLimit {
		t.Errorf("the api had %d MiB resident, want less than %d", most>>20, memoryLimit>>20)
	}
}

// gauge reads one value of /metrics.
func gauge(address, name string) (value float64, ok bool) {
	response, err := http.Get(address) //nolint:noctx // it ends with the api
	if err != nil {
		return 0, false
	}
	defer func() { _ = response.Body.Close() }()
	content, _ := io.ReadAll(response.Body)
	for line := range strings.Lines(string(content)) {
		if text, found := strings.CutPrefix(line, name+" "); found {
			value, err = strconv.ParseFloat(strings.TrimSpace(text), 64)
			return value, err == nil
		}
	}
	return 0, false
}

// awaitReleased waits until nothing is occupied any more.
func awaitReleased(t *testing.T, s *stack.Stack) {
	t.Helper()
	address := s.Admin("api", 0) + "/metrics"
	for _, resource := range []string{"memory", "decoders", "uploads", "downloads", "waits", "receipt"} {
		last := -1.0
		await.Until(t, time.Minute, "all clients to release "+resource, func() bool {
			last, _ = gauge(address, fmt.Sprintf("longshore_admission_used{resource=%q}", resource))
			return last == 0
		})
	}
}
