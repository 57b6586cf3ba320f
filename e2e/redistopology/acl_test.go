package redistopology_test

import (
	"os"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
	"github.com/longshore-io/longshore/pkg/job"
)

// usersFile is the file that operators copy.
const usersFile = "../../deploy/redis/users.acl"

// serviceUsers maps each service to its user of usersFile, without the prefix longshore-.
var serviceUsers = map[string]string{
	"api": "api", "importer": "worker", "searcher": "worker", "reporter": "worker", "janitor": "janitor", "console": "console",
}

// TestUsers runs all services with the users of deploy/redis/users.acl, on one server and on a cluster.
// Redis must refuse nothing that the services need, and refuse everything else.
func TestUsers(t *testing.T) {
	t.Parallel()
	t.Run("server", func(t *testing.T) { testUsers(t, "redis", startServer(t).Port()) })
	t.Run("cluster", func(t *testing.T) {
		server := startServer(t, "--cluster-enabled", "yes")
		node := connect(t, server.Port())
		mustDo(t, node, "CLUSTER", "ADDSLOTSRANGE", 0, slots-1)
		await.Until(t, startLimit, "the node to serve all slots", func() bool {
			return strings.Contains(node.ClusterInfo(t.Context()).Val(), "cluster_state:ok")
		})
		testUsers(t, "redis-cluster", server.Port())
	})
}

func testUsers(t *testing.T, scheme string, port int) {
	t.Helper()
	admin := createUsers(t, port)
	env := make(map[string][]string)
	for service, user := range serviceUsers {
		env[service] = []string{"REDIS_URL=" + scheme + "://longshore-" + user + ":change-me-" + user + "@" + address(port) + "/0"}
	}
	s := stack.Start(t, stack.Options{Consoles: 1, ServiceEnv: env, Env: longImport})
	useEverything(t, s)
	expectConsole(t, s, "imports", "searches", "reports")
	t.Run("after_a_loss", func(t *testing.T) {
		s := s.WithTB(t)
		op := s.SubmitLines(tool.NDJSON(longRecords/4, tool.Numbered))
		s.WaitForChunks(op, 2*lanes)
		mustDo(t, admin, "FLUSHALL")
		s.WaitFor(op, "Succeeded")
		await.Until(t, startLimit, "the console to know the queues again", func() bool { return len(consoleQueues(t, s)) == len(job.Queues()) })
	})
	t.Run("operator", func(t *testing.T) { operate(t, s.WithTB(t)) })
	if refused, _ := mustDo(t, admin, "ACL", "LOG").([]any); len(refused) > 0 {
		t.Errorf("Redis refused what the services need: %v", refused)
	}
	for _, user := range []string{"api", "worker", "janitor", "console"} {
		t.Run("others_"+user, func(t *testing.T) { expectRefused(t, user, port) })
	}
}

// createUsers applies usersFile to a server, and returns a client of another user, who may do
// everything.
func createUsers(t *testing.T, port int) *goredis.Client {
	t.Helper()
	first := connect(t, port)
	mustDo(t, first, "ACL", "SETUSER", "admin", "on", ">admin", "allkeys", "allchannels", "allcommands")
	content, err := os.ReadFile(usersFile)
	if err != nil {
		t.Fatal(err)
	}
	admin := goredis.NewClient(&goredis.Options{Addr: address(port), Username: "admin", Password: "admin"})
	t.Cleanup(func() { _ = admin.Close() })
	for line := range strings.Lines(string(content)) {
		command := []any{"ACL", "SETUSER"}
		for _, word := range strings.Fields(line)[1:] {
			command = append(command, word)
		}
		mustDo(t, admin, command...)
	}
	return admin
}

// operate does with entries and queues what the console offers to operators.
func operate(t *testing.T, s *stack.Stack) {
	t.Helper()
	const queue = "/queues/api/queues/imports"
	postConsole(t, s, queue+":pause")
	op := s.SubmitLines(tool.NDJSON(1, tool.Numbered))
	entry := op.ID + ".0.0"
	getConsole(t, s, queue+"/tasks/"+entry)
	postConsole(t, s, queue+"/pending_tasks/"+entry+":archive")
	postConsole(t, s, queue+"/archived_tasks/"+entry+":run")
	postConsole(t, s, queue+"/pending_tasks:archive_all")
	postConsole(t, s, queue+"/archived_tasks:run_all")
	postConsole(t, s, queue+"/active_tasks:cancel_all")
	postConsole(t, s, queue+":resume")
	s.WaitFor(op, "Succeeded")
}

// expectRefused expects Redis to refuse commands of a user that the services do not need.
func expectRefused(t *testing.T, user string, port int) {
	t.Helper()
	client := goredis.NewClient(&goredis.Options{
		Addr: address(port), Username: "longshore-" + user, Password: "change-me-" + user, DisableIdentity: true,
	})
	defer func() { _ = client.Close() }()
	for _, command := range [][]any{
		{"FLUSHALL"},
		{"CONFIG", "GET", "*"},
		{"KEYS", "*"},
		{"ACL", "LIST"},
		{"SHUTDOWN"},
		{"EXISTS", "other"},
		{"HGET", "other", "field"},
		{"EVAL", "return redis.call('GET', 'other')", 0},
		{"EVAL", "return redis.call('FLUSHALL')", 0},
		{"PUBLISH", "other", "message"},
	} {
		_, err := client.Do(t.Context(), command...).Result()
		if err == nil || !strings.HasPrefix(err.Error(), "NOPERM") && !strings.Contains(err.Error(), "user executing the script can't") {
			t.Errorf("%v = %v, want it to be refused", command, err)
		}
	}
}
