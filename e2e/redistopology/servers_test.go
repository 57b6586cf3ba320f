package redistopology_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/longshore-io/longshore/deploy/local/datadir"
	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/deploy/local/redis"
	"github.com/longshore-io/longshore/e2e/await"
)

// startLimit bounds how long servers may take until they know each other.
const startLimit = 30 * time.Second

// startServer starts a Redis with additional arguments until the test ends.
func startServer(t *testing.T, args ...string) *redis.Server {
	t.Helper()
	server, err := redis.Start(t.Context(), redis.Options{Args: args})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Remove(); err != nil {
			t.Errorf("stopping a Redis: %v", err)
		}
	})
	return server
}

// connect returns a client of a server, as its superuser.
func connect(t *testing.T, port int) *goredis.Client {
	t.Helper()
	client := goredis.NewClient(&goredis.Options{Addr: address(port)})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func address(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }

// mustDo sends a command.
func mustDo(t *testing.T, client *goredis.Client, args ...any) any {
	t.Helper()
	answer, err := client.Do(t.Context(), args...).Result()
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return answer
}

// startSentinels starts three Sentinels that watch the master at a port, and returns their addresses
// when they know each other and the replica.
func startSentinels(t *testing.T, master string, masterPort int) []string {
	t.Helper()
	program, err := redis.Find()
	if err != nil {
		t.Fatal(err)
	}
	var ports []int
	for range 3 {
		ports = append(ports, startSentinel(t, program, master, masterPort))
	}
	var addresses []string
	for _, port := range ports {
		client := goredis.NewSentinelClient(&goredis.Options{Addr: address(port)})
		t.Cleanup(func() { _ = client.Close() })
		await.Until(t, startLimit, "the Sentinel to know the others and the replica", func() bool {
			state, err := client.Master(t.Context(), master).Result()
			return err == nil && state["num-other-sentinels"] == "2" && state["num-slaves"] == "1"
		})
		addresses = append(addresses, address(port))
	}
	return addresses
}

func startSentinel(t *testing.T, program, master string, masterPort int) (port int) {
	t.Helper()
	dir, err := datadir.TempServerDir(t.Context(), "sentinel")
	if err != nil {
		t.Fatal(err)
	}
	if port, err = process.Port(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	configuration := dir.Path + "/sentinel.conf"
	content := strings.Join([]string{
		"port " + strconv.Itoa(port), "bind 127.0.0.1", "dir " + dir.Path,
		"sentinel monitor " + master + " 127.0.0.1 " + strconv.Itoa(masterPort) + " 2",
		"sentinel down-after-milliseconds " + master + " 1000",
		"sentinel failover-timeout " + master + " 5000", "",
	}, "\n")
	if err := os.WriteFile(configuration, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if dir.Credential != nil { // Sentinel rewrites its configuration
		if err := os.Chown(configuration, int(dir.Credential.Uid), int(dir.Credential.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	log := process.NewTail(nil)
	child, err := process.Start(process.Command{
		Args: []string{program, configuration, "--sentinel"}, Dir: dir.Path, Credential: dir.Credential, Stdout: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := child.Stop(); err != nil {
			t.Errorf("stopping a Sentinel: %v: %s", err, log)
		}
		if err := datadir.RemoveServerDir(dir.Path); err != nil {
			t.Error(err)
		}
	})
	return port
}
