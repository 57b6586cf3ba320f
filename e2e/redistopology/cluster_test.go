package redistopology_test

import (
	"slices"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/longshore-io/longshore/deploy/local/redis"
	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// slots is the number of slots of a cluster.
const slots = 16384

// startCluster starts three masters, and a replica of the one with the queue of imports. It returns
// that master and the addresses of all.
func startCluster(t *testing.T) (ofImports *redis.Server, addresses []string) {
	t.Helper()
	var servers []*redis.Server
	var clients []*goredis.Client
	for range 4 {
		server := startServer(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "1500", "--cluster-require-full-coverage", "no")
		servers, clients = append(servers, server), append(clients, connect(t, server.Port()))
		addresses = append(addresses, address(server.Port()))
	}
	const each = slots / 3
	mustDo(t, clients[0], "CLUSTER", "ADDSLOTSRANGE", 0, each)
	mustDo(t, clients[1], "CLUSTER", "ADDSLOTSRANGE", each+1, 2*each)
	mustDo(t, clients[2], "CLUSTER", "ADDSLOTSRANGE", 2*each+1, slots-1)
	for _, server := range servers[1:] {
		mustDo(t, clients[0], "CLUSTER", "MEET", "127.0.0.1", server.Port())
	}
	for _, client := range clients {
		await.Until(t, startLimit, "the node to know the others", func() bool {
			info := client.ClusterInfo(t.Context()).Val()
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:4")
		})
	}
	slot := int(clients[0].ClusterKeySlot(t.Context(), "asynq:{imports}:pending").Val())
	n := min(slot/(each+1), 2)
	id := clients[n].ClusterMyID(t.Context()).Val()
	mustDo(t, clients[3], "CLUSTER", "REPLICATE", id)
	await.Until(t, startLimit, "the replica to follow its master", func() bool {
		return strings.Contains(clients[3].Info(t.Context(), "replication").Val(), "master_link_status:up")
	})
	return servers[n], addresses
}

// TestCluster uses a cluster of three masters, and ends the one that has the queue of imports in the
// middle of an import. The address names one node only, which stays.
func TestCluster(t *testing.T) {
	t.Parallel()
	ofImports, addresses := startCluster(t)
	other := slices.DeleteFunc(slices.Clone(addresses[:3]), func(a string) bool { return a == address(ofImports.Port()) })
	url := "redis-cluster://" + strings.Join(other[:1], ",")
	s := stack.Start(t, stack.Options{Consoles: 1, Env: append([]string{"REDIS_URL=" + url}, longImport...)})
	useEverything(t, s)
	expectConsole(t, s, "imports", "searches", "reports")
	op := s.SubmitLines(tool.NDJSON(longRecords, tool.Numbered))
	s.WaitForChunks(op, 2*lanes)
	if err := ofImports.Kill(); err != nil {
		t.Fatal(err)
	}
	t.Logf("work went on %s after the master's end", awaitProgress(s, op))
	s.MustBeUnfinished(op)
	s.WaitFor(op, "Succeeded")
	useEverything(t, s)
}

// TestWrongForm starts services with an address that does not fit the server.
func TestWrongForm(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	startServer(t, "--replicaof", "127.0.0.1 "+port(server))
	sentinels := startSentinels(t, master, server.Port())
	node := startServer(t, "--cluster-enabled", "yes")
	plain := address(server.Port())
	for name, tt := range map[string]struct{ url, want string }{
		"several_servers":      {"redis://" + plain + "," + plain, "redis-sentinel://"},
		"node_as_server":       {"redis://" + address(node.Port()), "redis-cluster://"},
		"sentinel_as_server":   {"redis://" + sentinels[0], "redis-sentinel://"},
		"server_as_cluster":    {"redis-cluster://" + plain, "no cluster"},
		"server_as_sentinel":   {"redis-sentinel://" + plain + "/main", "no Sentinel"},
		"other_master":         {"redis-sentinel://" + strings.Join(sentinels, ",") + "/other", "know no master of the name"},
		"sentinel_no_master":   {"redis-sentinel://" + sentinels[0], "name of the master"},
		"ca_without_tls":       {"redis://" + plain, "rediss://"},
		"certificate_half_set": {"rediss://" + plain, "LONGSHORE_REDIS_KEY_FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			env := []string{"REDIS_URL=" + tt.url, "LONGSHORE_CONSOLE_ADDR=127.0.0.1:0"}
			switch name {
			case "ca_without_tls":
				env = append(env, "LONGSHORE_REDIS_CA_FILE=/dev/null")
			case "certificate_half_set":
				env = append(env, "LONGSHORE_REDIS_CERT_FILE=/dev/null")
			}
			if output := stack.MustNotStart(t, "console", env); !strings.Contains(output, tt.want) {
				t.Errorf("the console wrote %s, want %q", output, tt.want)
			}
		})
	}
}
