package redis_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/deploy/local/redis"
)

// do sends one command and returns the last line of the reply.
func do(t *testing.T, address, command string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", parsed.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	words := strings.Fields(command)
	request := fmt.Sprintf("*%d\r\n", len(words))
	for _, word := range words {
		request += fmt.Sprintf("$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	reply := bufio.NewReader(conn)
	line, err := reply.ReadString('\n')
	if err == nil && strings.HasPrefix(line, "$") && line != "$-1\r\n" {
		line, err = reply.ReadString('\n')
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func TestServerRestart(t *testing.T) {
	t.Parallel()
	server, err := redis.Start(t.Context(), redis.Options{Args: redis.Durable()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Remove() })
	if got := do(t, server.URL(), "SET key value"); got != "+OK" {
		t.Fatalf("SET = %q, want +OK", got)
	}
	before := server.URL()
	for name, end := range map[string]func() error{"Kill": server.Kill, "Stop": server.Stop} {
		if err := end(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := server.Restart(t.Context()); err != nil {
			t.Fatalf("Restart after %s: %v", name, err)
		}
		if got := do(t, server.URL(), "GET key"); got != "value" || server.URL() != before {
			t.Errorf("after %s: GET = %q at %s, want the value at %s", name, got, server.URL(), before)
		}
	}
}

func TestStartReturnsTheLog(t *testing.T) {
	t.Parallel()
	_, err := redis.Start(t.Context(), redis.Options{Args: []string{"--no-such-setting", "1"}})
	if err == nil || !strings.Contains(err.Error(), "no-such-setting") {
		t.Errorf("Start() = %v, want an error that names the setting", err)
	}
}

func TestEmbeddedExpiresKeys(t *testing.T) {
	t.Parallel()
	server, err := redis.StartEmbedded(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	if got := do(t, server.URL(), "SET key value PX 300"); got != "+OK" {
		t.Fatalf("SET = %q, want +OK", got)
	}
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for range 100 {
		<-ticker.C
		if do(t, server.URL(), "GET key") == "$-1" {
			return
		}
	}
	t.Error("the key did not expire within 5 s")
}
