package compose_test

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/longshore-io/longshore/deploy/compose"
	"github.com/longshore-io/longshore/deploy/local/programs"
	"github.com/longshore-io/longshore/deploy/local/programstest"
)

func TestMain(m *testing.M) { os.Exit(programstest.Main(m)) }

// root returns the repository's folder.
var root = sync.OnceValue(func() string {
	folder, err := programs.Root()
	if err != nil {
		panic(err)
	}
	return folder
})

// load loads the repository's file with the variables of an operator's .env.
func load(t *testing.T, variables map[string]string) *types.Project {
	t.Helper()
	project, err := compose.Load(t.Context(), root(), withSecrets(variables))
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// withSecrets adds what secrets.sh writes to variables, which override it.
func withSecrets(variables map[string]string) map[string]string {
	all := map[string]string{"LONGSHORE_FIRST_KEY": firstKey}
	for _, role := range []string{"POSTGRES", "OWNER", "API", "WORKER", "READER"} {
		all["LONGSHORE_"+role+"_PASSWORD"] = "longshore"
	}
	maps.Copy(all, variables)
	return all
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, problem := range compose.Check(t.Context(), load(t, nil), programstest.Programs(t)) {
		t.Error(problem)
	}
}

// TestCheckFindsMistakes merges one mistake after the other into the file, as an override of docker
// compose. The first ones are found by compose-go.
func TestCheckFindsMistakes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ service, mistake, want string }{
		"unknown-key":                   {"api", `imagee: x`, "services.api.imagee"},
		"undeclared-volume":             {"redis", `volumes: ["lost:/data"]`, `service "redis" refers to undefined volume lost`},
		"undeclared-network":            {"api", `networks: [lost]`, `service "api" refers to undefined network lost`},
		"unknown-dependency":            {"api", `depends_on: [lost]`, `service "api" depends on undefined service "lost"`},
		"variable-without-value":        {"api", `image: "longshore/api:$LONGSHORE_LOST"`, "$LONGSHORE_LOST is not set and has no default"},
		"unknown-service":               {"proxy", `image: "proxy:1"`, "proxy: the image proxy:1 is unknown"},
		"image-of-another":              {"api", `image: longshore/importer:dev`, "api: the image is longshore/importer:dev, not longshore/api:dev"},
		"image-from-a-registry":         {"api", `pull_policy: missing`, `api: pull_policy is "missing", not never`},
		"another-user":                  {"api", `user: "1000"`, `api: the user is "1000", not 65532:65532`},
		"program-of-another":            {"api", `build: { args: { SERVICE: importer } }`, "api: it is built with map[SERVICE:importer VERSION:dev], not map[SERVICE:api VERSION:dev]"},
		"version-of-another":            {"api", `build: { args: { VERSION: "0.1.0" } }`, "api: it is built with map[SERVICE:api VERSION:0.1.0]"},
		"no-version":                    {"api", `build: { args: { VERSION: !reset null } }`, "api: it is built with map[SERVICE:api]"},
		"dockerfile":                    {"api", `build: { dockerfile: Dockerfile }`, "Dockerfile, not "},
		"nothing-to-build":              {"api", `build: !reset null`, "api: there is nothing to build it from"},
		"command":                       {"janitor", `command: [serve]`, `janitor: it runs "serve"`},
		"too-few-copies":                {"importer", `deploy: { replicas: 1 }`, "importer: there are 1 copies of it, not 2"},
		"fixed-name":                    {"searcher", `container_name: searcher`, "searcher: container_name prevents more copies of it"},
		"unknown-variable":              {"api", `environment: { LONGSHORE_LANE: "8" }`, "api: it does not read LONGSHORE_LANE"},
		"variable-of-another":           {"console", `environment: { DATABASE_URL: "postgres://x@postgres:5432/x" }`, "console: it does not read DATABASE_URL"},
		"value-of-a-variable":           {"api", `environment: { LONGSHORE_LANES: many }`, "api: reading the configuration of api: exit status 2: LONGSHORE_LANES is not usable"},
		"missing-variable":              {"importer", `environment: { REDIS_URL: !reset null }`, "REDIS_URL"},
		"variable-from-outside":         {"api", `environment: { LONGSHORE_LANES: }`, "api: variable LONGSHORE_LANES has no value"},
		"console-without-a-login":       {"console", `environment: { LONGSHORE_API_URL: "" }`, "console: reading the configuration of console: exit status 2"},
		"listens-on-loopback":           {"api", `environment: { LONGSHORE_ADDR: "127.0.0.1:8080" }`, "api: LONGSHORE_ADDR is 127.0.0.1:8080"},
		"other-port":                    {"api", `environment: { LONGSHORE_ADDR: ":8081" }`, "api: it publishes the ports [8080], and listens for clients on [8081]"},
		"unpublished":                   {"console", `ports: !reset []`, "console: it publishes the ports [], and listens for clients on [8090]"},
		"admin-published":               {"api", `ports: ["127.0.0.1:9090:9090"]`, "api: it publishes the ports [8080 9090]"},
		"other-admin-port":              {"importer", `environment: { LONGSHORE_ADMIN_ADDR: ":9091" }`, "importer: it does not expose port 9091"},
		"published-to-all":              {"postgres", `ports: ["5432:5432"]`, `postgres: port 5432 is published on "", not 127.0.0.1`},
		"no-health-check":               {"reporter", `healthcheck: { disable: true }`, "reporter: it has no health check"},
		"other-health-check":            {"reporter", `healthcheck: { test: ["CMD", "/longshore", "health"] }`, `reporter: its health check is ["CMD" "/longshore" "health"]`},
		"health-check-in-a-shell":       {"redis", `healthcheck: { test: redis-cli ping }`, "redis: its health check needs a shell"},
		"health-check-by-default":       {"redis", `healthcheck: !override { test: ["CMD", "redis-cli", "ping"], timeout: 5s }`, "redis: its health check has no interval, retries or start_period"},
		"short-timeout-of-health-check": {"postgres", `healthcheck: { timeout: 1s }`, "postgres: the timeout of its health check is less than 5s"},
		"short-start-period":            {"api", `healthcheck: { start_period: 10s }`, "api: its start_period is shorter than LONGSHORE_DB_WAIT (1m0s)"},
		"start-interval":                {"api", `healthcheck: { start_interval: 1s }`, "api: Docker before 25 rejects start_interval"},
		"migration-before-postgres":     {"migrate", `depends_on: { postgres: { condition: service_started } }`, `migrate: it depends on postgres with the condition "service_started"`},
		"start-before-migration":        {"api", `depends_on: { migrate: { condition: service_started } }`, `api: it depends on migrate with the condition "service_started"`},
		"replaced-before-janitor":       {"importer", `depends_on: { janitor: !reset null }`, "importer: an upgrade may replace it before janitor"},
		"start-before-redis":            {"console", `depends_on: !reset null`, "console: it does not depend on redis"},
		"short-grace-of-a-worker":       {"importer", `stop_grace_period: 20s`, "importer: its stop_grace_period is not at least 26s"},
		"short-grace-with-drain":        {"api", `environment: { LONGSHORE_DRAIN_DELAY: 8s }`, "api: its stop_grace_period is not at least 34s"},
		"short-grace-of-postgres":       {"postgres", `stop_grace_period: 10s`, "postgres: its stop_grace_period is not at least 1m0s"},
		"no-limits":                     {"api", `deploy: { resources: !reset null }`, "api: its memory has no limit"},
		"no-limit-of-memory":            {"api", `deploy: { resources: { limits: { memory: !reset null } } }`, "api: its memory has no limit"},
		"too-many-cores":                {"postgres", `deploy: { resources: { limits: { cpus: "8" } } }`, "postgres: its limit of 8 cores is not from 0 to 2"},
		"restarted-migration":           {"migrate", `restart: always`, `migrate: restart is "always", not "no"`},
		"restarted-job":                 {"collections", `restart: always`, `collections: restart is "always", not "no"`},
		"image-of-a-job":                {"collections", `image: longshore/collections:dev`, "collections: the image is longshore/collections:dev, not longshore/api:dev"},
		"program-of-a-job":              {"collections", `build: { args: { SERVICE: collections } }`, "collections: it is built with map[SERVICE:collections VERSION:dev], not map[SERVICE:api VERSION:dev]"},
		"command-of-a-job":              {"collections", `command: [collections, diff, /collections]`, `collections: it runs "collections diff /collections", not "collections apply /collections"`},
		"command-of-a-job-in-a-service": {"api", `command: [collections, apply, /collections]`, `api: it runs "collections apply /collections"`},
		"job-without-a-folder":          {"collections", `volumes: !reset []`, "collections: it has no folder of this machine at /collections, read only"},
		"writable-folder":               {"collections", `volumes: [{ type: bind, source: /srv, target: /collections, read_only: false }]`, "collections: it has no folder of this machine at /collections, read only"},
		"role-of-a-job":                 {"collections", `environment: { DATABASE_URL: "postgres://longshore_owner:longshore@postgres:5432/longshore?sslmode=disable" }`, "collections: DATABASE_URL is postgres://longshore_owner:longshore@"},
		"value-of-a-job":                {"collections", `environment: { LONGSHORE_DB_WAIT: soon }`, "collections: reading the configuration of api: exit status 2"},
		"variable-of-a-job":             {"collections", `environment: { LONGSHORE_COLLECTION: /collections }`, "collections: it does not read LONGSHORE_COLLECTION"},
		"job-before-migration":          {"collections", `depends_on: { migrate: { condition: service_started } }`, `collections: it depends on migrate with the condition "service_started"`},
		"job-before-workers":            {"collections", `depends_on: { searcher: !reset null }`, "collections: an upgrade may replace it before searcher"},
		"required-job":                  {"api", `depends_on: { collections: { condition: service_completed_successfully, required: true } }`, "api: an invalid collection would keep it from starting"},
		"start-before-collections":      {"api", `depends_on: { collections: !reset null }`, "api: an upgrade may replace it before collections"},
		"unlimited-job":                 {"collections", `deploy: { resources: !reset null }`, "collections: its memory has no limit"},
		"privileged-job":                {"collections", `user: root`, "collections: it runs as root"},
		"not-restarted":                 {"api", `restart: "no"`, `api: restart is "no", not "unless-stopped"`},
		"unlimited-log":                 {"redis", `logging: !override { driver: json-file }`, "redis: its log may fill the disk"},
		"writable":                      {"api", `read_only: false`, "api: its root file system is writable"},
		"privileged":                    {"postgres", `cap_add: [CHOWN]`, "postgres: it has capabilities of root"},
		"gains-privileges":              {"api", `security_opt: !reset []`, "api: it may gain privileges"},
		"run-by-root":                   {"postgres", `user: root`, "postgres: it runs as root"},
		"unlimited-tmp":                 {"redis", `tmpfs: !override [/tmp]`, "redis: its /tmp has no maximum size"},
		"database-elsewhere":            {"api", `environment: { DATABASE_URL: "postgres://longshore_api:longshore@db:5432/longshore" }`, "api: DATABASE_URL is postgres://longshore_api:longshore@db:5432/longshore, not postgres://longshore_api:longshore@postgres:5432/longshore?sslmode=disable"},
		"role-of-the-administrator":     {"janitor", `environment: { DATABASE_URL: "postgres://longshore:longshore@postgres:5432/longshore?sslmode=disable" }`, "janitor: DATABASE_URL is postgres://longshore:longshore@"},
		"role-of-another-program":       {"api", `environment: { DATABASE_URL: "postgres://longshore_worker:longshore@postgres:5432/longshore?sslmode=disable" }`, "api: DATABASE_URL is postgres://longshore_worker:longshore@"},
		"programs-as-administrator":     {"postgres", `environment: { POSTGRES_USER: longshore_owner }`, "postgres: a program has the administrator's role longshore_owner"},
		"no-roles":                      {"postgres", `volumes: !override ["postgres:/var/lib/postgresql/data"]`, "postgres: it does not run deploy/postgres/roles.sql"},
		"no-rights":                     {"migrate", `environment: { LONGSHORE_API_ROLE: !reset null }`, `postgres: migrate grants the rights of the api to "", not longshore_api`},
		"database-of-another-kind": {
			"api", `environment: { DATABASE_URL: "mysql://longshore:longshore@postgres:5432/longshore" }`, "api: DATABASE_URL is mysql://",
		},
		"other-password": {
			"api", `environment: { DATABASE_URL: "postgres://longshore_api:secret@postgres:5432/longshore" }`, "api: DATABASE_URL is postgres://longshore_api:secret@",
		},
		"other-port-of-redis":    {"janitor", `environment: { REDIS_URL: "redis://redis:6380/0" }`, "janitor: REDIS_URL is redis://redis:6380/0, not redis://redis:6379/0"},
		"without-common-network": {"redis", `networks: !override [outside]`, "importer: it has no network with redis in common"},
		"too-many-connections":   {"importer", `environment: { LONGSHORE_DB_MAX_CONNS: "80" }`, `postgres: max_connections is "200", and 210 are needed`},
		"volume-of-release-18":   {"postgres", `image: postgres:18.1`, "postgres: its data (/var/lib/postgresql) are not on a named volume"},
		"data-without-a-volume":  {"redis", `volumes: !override ["/data"]`, "redis: its data (/data) are not on a named volume"},
		"evicting-redis":         {"redis", `command: [redis-server, --appendonly, "yes", --maxmemory, 192mb, --maxmemory-policy, allkeys-lru]`, `redis: maxmemory-policy is "allkeys-lru", not "noeviction"`},
		"no-shared-buffers":      {"postgres", `command: [postgres, -c, max_connections=200]`, `postgres: shared_buffers ("") is not a size`},
		"too-large-maxmemory":    {"redis", `deploy: { resources: { limits: { memory: 256m } } }`, `redis: maxmemory ("192mb") is not a size of at most half of its memory`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := problemsWith(t.Context(), tt.service, tt.mistake, programstest.Programs(t))
			if !strings.Contains(problems, tt.want) {
				t.Errorf("problems of %s with %s = %q, want %q among them", tt.service, tt.mistake, problems, tt.want)
			}
		})
	}
}

func problemsWith(ctx context.Context, service, mistake, folder string) string {
	project, err := compose.Load(ctx, root(), withSecrets(nil), "services:\n  "+service+":\n    "+mistake+"\n")
	if err != nil {
		return err.Error()
	}
	return strings.Join(compose.Check(ctx, project, folder), "\n")
}

func TestCheckMissesProgram(t *testing.T) {
	t.Parallel()
	project := load(t, nil)
	delete(project.Services, "console")
	got, want := compose.Check(t.Context(), project, programstest.Programs(t)), []string{"console: it is not in the file"}
	if !slices.Equal(got, want) {
		t.Errorf("Check() without the console = %q, want %q", got, want)
	}
}
