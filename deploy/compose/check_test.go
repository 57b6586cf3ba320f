package compose_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/deploy/compose"
	"github.com/longshore-io/longshore/deploy/local/programstest"
)

func TestTheFileFitsTheCode(t *testing.T) {
	t.Parallel()
	for _, problem := range compose.Check(t.Context(), load(t, nil), programstest.Programs(t)) {
		t.Error(problem)
	}
}

// TestEveryRuleCanBeBroken lays one mistake after the other over the file, as an override of docker compose, and wants it refused.
func TestEveryRuleCanBeBroken(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ service, mistake, want string }{
		"misspelt-key":            {"api", `imagee: x`, "services.api.imagee"},
		"undeclared-volume":       {"redis", `volumes: ["lost:/data"]`, `service "redis" refers to undefined volume lost`},
		"undeclared-network":      {"api", `networks: [lost]`, `service "api" refers to undefined network lost`},
		"unknown-dependency":      {"api", `depends_on: [lost]`, `service "api" depends on undefined service "lost"`},
		"variable-without-value":  {"api", `image: "longshore/api:$LONGSHORE_LOST"`, "$LONGSHORE_LOST is not set and has no default"},
		"unknown-service":         {"proxy", `image: "proxy:1"`, "proxy: nobody knows the image proxy:1"},
		"image-of-another":        {"api", `image: longshore/importer:dev`, "api: the image is longshore/importer:dev, not longshore/api:dev"},
		"image-from-a-registry":   {"api", `pull_policy: missing`, `api: pull_policy is "missing", not never`},
		"another-user":            {"api", `user: "1000"`, `api: the user is "1000", not 65532:65532`},
		"program-of-another":      {"api", `build: { args: { SERVICE: importer } }`, "api: it is built with map[SERVICE:importer VERSION:dev], not map[SERVICE:api VERSION:dev]"},
		"version-of-another":      {"api", `build: { args: { VERSION: "0.1.0" } }`, "api: it is built with map[SERVICE:api VERSION:0.1.0]"},
		"no-version":              {"api", `build: { args: { VERSION: !reset null } }`, "api: it is built with map[SERVICE:api]"},
		"dockerfile":              {"api", `build: { dockerfile: Dockerfile }`, "not " + filepath.Join(root(), "deploy", "docker", "Dockerfile")},
		"nothing-to-build":        {"api", `build: !reset null`, "api: there is nothing to build it from"},
		"command":                 {"janitor", `command: [serve]`, `janitor: it runs "serve"`},
		"too-few":                 {"importer", `deploy: { replicas: 1 }`, "importer: there are 1 of it, not 2"},
		"fixed-name":              {"searcher", `container_name: searcher`, "searcher: container_name keeps it from being scaled"},
		"unknown-variable":        {"api", `environment: { LONGSHORE_LANE: "8" }`, "api: it does not read LONGSHORE_LANE"},
		"variable-of-another":     {"console", `environment: { DATABASE_URL: "postgres://x@postgres:5432/x" }`, "console: it does not read DATABASE_URL"},
		"value-of-a-variable":     {"api", `environment: { LONGSHORE_LANES: many }`, "api: the configuration of api: exit status 2: LONGSHORE_LANES is not usable"},
		"missing-variable":        {"importer", `environment: { REDIS_URL: !reset null }`, "REDIS_URL"},
		"variable-from-outside":   {"api", `environment: { LONGSHORE_LANES: }`, "api: variable LONGSHORE_LANES has no value"},
		"console-without-a-login": {"console", `environment: { LONGSHORE_CONSOLE_OPERATORS: "" }`, "console: the configuration of console: exit status 2"},
		"listens-to-itself":       {"api", `environment: { LONGSHORE_ADDR: "127.0.0.1:8080" }`, "api: LONGSHORE_ADDR is 127.0.0.1:8080"},
		"other-port":              {"api", `environment: { LONGSHORE_ADDR: ":8081" }`, "api: it does not publish port 8081, where it listens"},
		"unpublished":             {"console", `ports: !reset []`, "console: it does not publish port 8090"},
		"admin-published":         {"api", `ports: ["127.0.0.1:9090:9090"]`, "api: it publishes port 9090, where nobody listens for the public"},
		"admin-elsewhere":         {"importer", `environment: { LONGSHORE_ADMIN_ADDR: ":9091" }`, "importer: it does not expose port 9091"},
		"published-to-all":        {"postgres", `ports: ["5432:5432"]`, `postgres: port 5432 is published on "", not 127.0.0.1`},
		"no-health-check":         {"reporter", `healthcheck: { disable: true }`, "reporter: it has no health check"},
		"other-health-check":      {"reporter", `healthcheck: { test: ["CMD", "/longshore", "health"] }`, `reporter: its health check is ["CMD" "/longshore" "health"]`},
		"health-check-in-a-shell": {"redis", `healthcheck: { test: redis-cli ping }`, "redis: its health check needs a shell"},
		"health-check-by-default": {"redis", `healthcheck: !override { test: ["CMD", "redis-cli", "ping"], timeout: 5s }`, "redis: its health check has no interval, retries or start_period"},
		"hasty-health-check":      {"postgres", `healthcheck: { timeout: 1s }`, "postgres: its health check has less than 5s"},
		"unhealthy-too-soon":      {"api", `healthcheck: { start_period: 10s }`, "api: its start_period is shorter than LONGSHORE_DB_WAIT (1m0s)"},
		"new-docker-only":         {"api", `healthcheck: { start_interval: 1s }`, "api: start_interval keeps Docker before 25"},
		"migrates-too-soon":       {"migrate", `depends_on: { postgres: { condition: service_started } }`, `migrate: it depends on postgres with the condition "service_started"`},
		"does-not-wait":           {"api", `depends_on: { migrate: { condition: service_started } }`, `api: it depends on migrate with the condition "service_started"`},
		"replaced-too-soon":       {"importer", `depends_on: { janitor: !reset null }`, "importer: an upgrade may replace it before janitor"},
		"without-its-queue":       {"console", `depends_on: !reset null`, "console: it does not depend on redis"},
		"killed-at-work":          {"importer", `stop_grace_period: 20s`, "importer: its stop_grace_period is not at least 26s"},
		"killed-while-it-drains":  {"api", `environment: { LONGSHORE_DRAIN_DELAY: 8s }`, "api: its stop_grace_period is not at least 34s"},
		"killed-while-it-writes":  {"postgres", `stop_grace_period: 10s`, "postgres: its stop_grace_period is not at least 1m0s"},
		"no-limits":               {"api", `deploy: { resources: !reset null }`, "api: it has no limits"},
		"no-limit-of-memory":      {"api", `deploy: { resources: { limits: { memory: !reset null } } }`, "api: its memory has no limit"},
		"more-cores-than-laptops": {"postgres", `deploy: { resources: { limits: { cpus: "8" } } }`, "postgres: its limit of 8 cores is not from 0 to 2"},
		"migrates-for-ever":       {"migrate", `restart: always`, `migrate: restart is "always", not "no"`},
		"gone-after-a-reboot":     {"api", `restart: "no"`, `api: restart is "no", not "unless-stopped"`},
		"endless-log":             {"redis", `logging: !override { driver: json-file }`, "redis: its log may fill the disk"},
		"writable":                {"api", `read_only: false`, "api: its root file system can be written"},
		"privileged":              {"postgres", `cap_add: [CHOWN]`, "postgres: it has powers of root"},
		"gains-privileges":        {"api", `security_opt: !reset []`, "api: it may gain powers"},
		"run-by-root":             {"postgres", `user: root`, "postgres: it runs as root"},
		"boundless-tmp":           {"redis", `tmpfs: !override [/tmp]`, "redis: it has no /tmp of a bounded size"},
		"database-elsewhere":      {"api", `environment: { DATABASE_URL: "postgres://longshore:longshore@db:5432/longshore" }`, "api: its DATABASE_URL names db, which is no service"},
		"database-of-another-kind": {
			"api", `environment: { DATABASE_URL: "mysql://longshore:longshore@postgres:5432/longshore" }`, "api: its DATABASE_URL is not an address such as postgres://",
		},
		"other-password": {
			"api", `environment: { DATABASE_URL: "postgres://longshore:secret@postgres:5432/longshore" }`, "api: its DATABASE_URL does not agree with POSTGRES_PASSWORD of postgres",
		},
		"other-port-of-redis":   {"janitor", `environment: { REDIS_URL: "redis://redis:6380/0" }`, `janitor: its REDIS_URL names port "6380", not 6379`},
		"out-of-reach":          {"redis", `networks: !override [outside]`, "importer: it has no network with redis in common"},
		"too-many-connections":  {"importer", `environment: { LONGSHORE_DB_MAX_CONNS: "80" }`, `postgres: max_connections is "200", and 210 are needed`},
		"folder-of-release-18":  {"postgres", `image: postgres:18.1`, "postgres: its data (/var/lib/postgresql) are not on a named volume"},
		"data-without-a-volume": {"redis", `volumes: !override ["/data"]`, "redis: its data (/data) are not on a named volume"},
		"forgetful-queue":       {"redis", `command: [redis-server, --appendonly, "yes", --maxmemory, 192mb, --maxmemory-policy, allkeys-lru]`, `redis: maxmemory-policy is "allkeys-lru", not "noeviction"`},
		"no-size":               {"postgres", `command: [postgres, -c, max_connections=200]`, `postgres: shared_buffers is "", which is no size`},
		"queue-too-large":       {"redis", `deploy: { resources: { limits: { memory: 256m } } }`, "redis: maxmemory is more than half of its memory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var refused []string
			project, err := compose.Load(t.Context(), root(), nil, "services:\n  "+tt.service+":\n    "+tt.mistake+"\n")
			if err != nil {
				refused = []string{err.Error()}
			} else {
				refused = compose.Check(t.Context(), project, programstest.Programs(t))
			}
			if !strings.Contains(strings.Join(refused, "\n"), tt.want) {
				t.Errorf("%s, %s: want it refused by %q, not\n%s", tt.service, tt.mistake, tt.want, strings.Join(refused, "\n"))
			}
		})
	}
}

func TestAProgramIsMissed(t *testing.T) {
	t.Parallel()
	project := load(t, nil)
	delete(project.Services, "console")
	if got := compose.Check(t.Context(), project, programstest.Programs(t)); len(got) != 1 || got[0] != "console: it is not in the file" {
		t.Errorf("without the console: %q", got)
	}
}

// TestTheDockerfileMakesTheseImages holds what the rules say of every image.
func TestTheDockerfileMakesTheseImages(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(root(), "deploy", "docker", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"ARG SERVICE", "USER 65532:65532", `ENTRYPOINT ["/longshore"]`} {
		if !strings.Contains(string(content), "\n"+line+"\n") {
			t.Errorf("the Dockerfile has no line %s", line)
		}
	}
}
