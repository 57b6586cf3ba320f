package check

import (
	"path"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// change replaces a text in the YAML of one object of the overlay prod. Where it is a mistake, want
// is a part of the expected problem.
type change struct {
	object   string // kind and name, a pattern of path.Match
	old, new string
	want     string
}

// mistakes are found by the schemas, the rules, Pod Security or kube-score, whose problems contain
// the name of its check.
var mistakes = map[string]change{
	"selector of a Deployment":       {"Deployment importer", "matchLabels:\n      app.kubernetes.io/name: importer", "matchLabels:\n      app.kubernetes.io/name: import", "deployment-pod-selector-labels-match-template-metadata-labels"},
	"selector of a Service":          {"Service api", "selector:\n    app.kubernetes.io/name: api", "selector:\n    app.kubernetes.io/name: apis", "service-targets-pod"},
	"selector of a budget":           {"PodDisruptionBudget reporter", "app.kubernetes.io/name: reporter\n", "app.kubernetes.io/name: report\n", "deployment-has-poddisruptionbudget"},
	"target port":                    {"Service console", "targetPort: http", "targetPort: web", "its target port web is no port of Deployment console"},
	"port of a probe":                {"Deployment janitor", "path: /livez\n            port: admin", "path: /livez\n            port: http", "it has no probe of /livez on the port admin"},
	"path of a probe":                {"Deployment janitor", "path: /livez", "path: /healthz", "it has no probe of /livez"},
	"number of a port":               {"Deployment api", "containerPort: 8080", "containerPort: 8081", "declares the ports map[admin::9090 http::8081]"},
	"port of a monitor":              {"PodMonitor longshore", "port: admin", "port: metrics", "PodMonitor longshore: it scrapes /metrics at the port metrics"},
	"port of a policy":               {"NetworkPolicy to-api", "port: http", "port: web", "none of its pods has a port web"},
	"port of an ingress":             {"Ingress api", "name: http", "name: https", "ingress-targets-service"},
	"HPA's bounds":                   {"HorizontalPodAutoscaler api", "minReplicas: 2", "minReplicas: 20", "from 20 to 10 replicas"},
	"HPA's target":                   {"HorizontalPodAutoscaler api", "kind: Deployment\n    name: api", "kind: Deployment\n    name: app", "horizontalpodautoscaler-has-target"},
	"KEDA's bounds":                  {"ScaledObject importer", "minReplicaCount: 1", "minReplicaCount: 30", "from 30 to 20 replicas"},
	"KEDA's target":                  {"ScaledObject importer", "scaleTargetRef:\n    name: importer", "scaleTargetRef:\n    name: api", "Deployment api: 2 autoscalers"},
	"KEDA's field":                   {"ScaledObject importer", "cooldownPeriod:", "coolDownPeriod:", "coolDownPeriod"},
	"KEDA's metadata":                {"ScaledObject importer", "targetQueryValue:", "targetQueryvalue:", `does not read "targetQueryvalue"`},
	"KEDA's authentication":          {"ScaledObject importer", "name: longshore-postgres", "name: postgres", "no TriggerAuthentication postgres"},
	"KEDA's type":                    {"ScaledObject importer", "maxReplicaCount: 20", "maxReplicaCount: many", "maxReplicaCount"},
	"pod's security context":         {"Deployment searcher", "runAsUser: 65532", "runAsUser: 0", "violates PodSecurity: runAsUser=0"},
	"no runAsNonRoot":                {"Deployment searcher", "runAsNonRoot: true", "", "violates PodSecurity: runAsNonRoot"},
	"container's privileges":         {"Deployment searcher", "allowPrivilegeEscalation: false\n", "allowPrivilegeEscalation: true\n", "violates PodSecurity: allowPrivilegeEscalation"},
	"no security context":            {"Job migrate-0.1.0", "securityContext:\n          allowPrivilegeEscalation: false\n          capabilities:\n            drop:\n            - ALL\n          privileged: false\n          readOnlyRootFilesystem: true", "", "violates PodSecurity: unrestricted capabilities"},
	"no readiness":                   {"Deployment api", "readinessProbe:\n          failureThreshold: 1\n          httpGet:\n            path: /readyz\n            port: admin\n          periodSeconds: 5\n          timeoutSeconds: 3", "", "it has no probe of /readyz"},
	"no memory":                      {"Deployment api", "limits:\n            ephemeral-storage: 1Gi\n            memory: 512Mi", "", "container-resources"},
	"heap beyond the memory":         {"Deployment api", "memory: 512Mi", "memory: 384Mi", "GOMEMLIMIT (460MiB)"},
	"image of another program":       {"Deployment api", "longshore/api:0.1.0", "longshore/importer:0.1.0", "is not a release of the program api"},
	"image without a tag":            {"Deployment api", "longshore/api:0.1.0", "longshore/api", "container-image-tag"},
	"another release":                {"Deployment api", "0.1.0", "0.2.0", "2 different releases"},
	"name of an old job":             {"Job migrate-0.1.0", "name: migrate-0.1.0", "name: migrate-dev", "its name is not migrate-0.1.0"},
	"policy without pods":            {"NetworkPolicy to-console", "app.kubernetes.io/name: console", "app.kubernetes.io/name: consoles", "networkpolicy-targets-pod"},
	"policy for everything":          {"NetworkPolicy default-deny", "spec:\n  podSelector:", "spec:\n  ingress: [{}]\n  podSelector:", "it allows everything"},
	"pod without a policy":           {"Job migrate-0.1.0", "app.kubernetes.io/part-of: longshore", "app.kubernetes.io/part-of: another", "pod-networkpolicy"},
	"policy for other pods":          {"NetworkPolicy default-deny", "podSelector:\n    matchLabels:\n      app.kubernetes.io/part-of: longshore", "podSelector: {}", "it applies to pods of others"},
	"one DNS only":                   {"NetworkPolicy dns", "egress:\n  - ports:", "egress:\n  - to:\n    - namespaceSelector: {}\n    ports:", "does not reach every DNS server at port 53"},
	"no DNS of OpenShift's":          {"NetworkPolicy dns", "port: 5353", "port: 5354", "does not reach every DNS server at port 5353"},
	"monitor without label":          {"PodMonitor longshore", "release: kube-prometheus-stack", "releases: x", "PodMonitor longshore: it has no label release"},
	"alerts without label":           {"PrometheusRule longshore", "release: kube-prometheus-stack", "releases: x", "PrometheusRule longshore: it has no label release"},
	"open API":                       {"Ingress api", "nginx.ingress.kubernetes.io/whitelist-source-range", "nginx.ingress.kubernetes.io/whitelist", "Ingress api: it opens the api to everyone"},
	"API for all addresses":          {"Ingress api", "10.0.0.0/8,", "0.0.0.0/0,", "Ingress api: it opens the api to everyone"},
	"API for half of all addresses":  {"Ingress api", "10.0.0.0/8,", "10.0.0.0/1,", "Ingress api: it opens the api to everyone"},
	"image without a registry":       {"Deployment api", "image: registry.example.com/longshore/api", "image: longshore/api", `is "IfNotPresent", not Never`},
	"image that is never pulled":     {"Job migrate-0.1.0", "imagePullPolicy: IfNotPresent", "imagePullPolicy: Never", `is "Never", not IfNotPresent`},
	"label of another release":       {"Deployment api", "app.kubernetes.io/version: 0.1.0", "app.kubernetes.io/version: 0.2.0", "its label is release 0.2.0"},
	"name of a job with a port":      {"Job migrate-0.1.0", "name: migrate-0.1.0", "name: migrate-5000-longshore-migrate-0.1.0", "its name is not migrate-0.1.0"},
	"deleted pods of a job":          {"Job migrate-0.1.0", "restartPolicy: Never", "restartPolicy: OnFailure", "its pod is deleted with its log"},
	"too many retries of a job":      {"Job migrate-0.1.0", "backoffLimit: 6", "backoffLimit: 10", "Job migrate-0.1.0: it is retried for"},
	"collections at root":            {"Job collections-0.1.0", "securityContext:\n          allowPrivilegeEscalation: false\n          capabilities:\n            drop:\n            - ALL\n          privileged: false\n          readOnlyRootFilesystem: true", "", "violates PodSecurity: unrestricted capabilities"},
	"no Job of the collections":      {"Job collections-0.1.0", "app.kubernetes.io/name: collections", "app.kubernetes.io/name: collection", "the program collections is deployed 0 times"},
	"collections of an old job":      {"Job collections-0.1.0", "name: collections-0.1.0", "name: collections-dev", "its name is not collections-0.1.0"},
	"collections by another program": {"Job collections-0.1.0", "longshore/api:0.1.0", "longshore/importer:0.1.0", "is not a release of the program api"},
	"collections of another release": {"Job collections-0.1.0", "longshore/api:0.1.0", "longshore/api:0.2.0", "its label is release 0.1.0"},
	"collections without a policy":   {"Job collections-0.1.0", "app.kubernetes.io/part-of: longshore", "app.kubernetes.io/part-of: another", "pod-networkpolicy"},
	"collections that are compared":  {"Job collections-0.1.0", "- apply", "- diff", `it runs ["collections" "diff"`},
	"collections in another folder":  {"Job collections-0.1.0", "mountPath: /etc/longshore/collections", "mountPath: /collections", `not ["collections" "apply" "/collections"]`},
	"collections that must exist":    {"Job collections-0.1.0", "name: longshore-collections\n          optional: true", "name: longshore-collections", "the folder of an optional ConfigMap"},
	"collections of nothing":         {"Job collections-0.1.0", "name: longshore-collections", "name: collection-files", "there is no ConfigMap collection-files"},
	"deleted pods of collections":    {"Job collections-0.1.0", "restartPolicy: Never", "restartPolicy: OnFailure", "its pod is deleted with its log"},
	"collections that wait briefly":  {"Job collections-0.1.0", "value: 15m", "value: 5m", "Job collections-0.1.0 waits for 5m0s"},
	"collections that do not wait":   {"Job collections-0.1.0", "value: 15m", "value: 0s", "Job collections-0.1.0 waits for 0s"},
	"collections of the owner":       {"Job collections-0.1.0", "key: DATABASE_URL_API", "key: DATABASE_URL_OWNER", "DATABASE_URL is read from the key DATABASE_URL_OWNER"},
	"arguments of a service":         {"Deployment janitor", "- env:\n", "- args: [serve]\n        env:\n", `Deployment janitor: it runs ["serve"]`},
	"api that does not drain":        {"Deployment api", "name: LONGSHORE_DRAIN_DELAY\n          value: 8s", "name: LONGSHORE_DRAIN_DELAY\n          value: 0s", "Deployment api: it stops listening before"},
	"no drain of the console":        {"Deployment console", "name: LONGSHORE_DRAIN_DELAY\n          value: 8s", "name: LONGSHORE_DRAIN_DELAY\n          value: 0s", "Deployment console: it stops listening before"},
	"short minReadySeconds":          {"Deployment importer", "minReadySeconds: 10", "minReadySeconds: 1", "Postgres allows 500 connections"},
	"long shutdown":                  {"Deployment api", "value: 40s", "value: 90s", "Postgres allows 500 connections"},
	"killed too early":               {"Deployment importer", "terminationGracePeriodSeconds: 45", "terminationGracePeriodSeconds: 20", "it is killed after 20s"},
	"pods that stop too early":       {"Deployment api", "maxUnavailable: 0", "maxUnavailable: 1", "an update stops a pod"},
	"short startup probe":            {"Deployment api", "failureThreshold: 480", "failureThreshold: 30", "must be shorter than its startup probe"},
	"too many connections":           {"Deployment importer", `value: "6"`, `value: "10"`, "Postgres allows 500 connections"},
	"unknown secret":                 {"Deployment importer", "key: REDIS_URL\n              name: longshore", "key: REDIS_URL\n              name: redis", "there is no Secret redis"},
	"role of another program":        {"Deployment api", "key: DATABASE_URL_API", "key: DATABASE_URL_WORKER", "DATABASE_URL is read from the key DATABASE_URL_WORKER"},
	"role of the owner":              {"Deployment janitor", "key: DATABASE_URL_WORKER", "key: DATABASE_URL_OWNER", "DATABASE_URL is read from the key DATABASE_URL_OWNER"},
	"KEDA's role":                    {"TriggerAuthentication longshore-postgres", "key: DATABASE_URL_READER", "key: DATABASE_URL_WORKER", "it reads the key DATABASE_URL_WORKER"},
	"unknown key":                    {"Deployment importer", "key: REDIS_URL", "key: REDIS", "read from the key REDIS"},
	"unknown config map":             {"Deployment importer", "configMapRef:\n            name: longshore", "configMapRef:\n            name: settings", "there is no ConfigMap settings"},
	"not spread over zones":          {"Deployment reporter", "topologyKey: topology.kubernetes.io/zone", "topologyKey: kubernetes.io/hostname", "not spread over topology.kubernetes.io/zone"},
	"another public address":         {"Deployment api", "value: https://imports.example.com", "value: https://import.example.com", "LONGSHORE_PUBLIC_URL"},
	"unknown field":                  {"Deployment api", "imagePullPolicy:", "imagePullpolicy:", "imagePullpolicy"},
	"wrong type":                     {"Deployment api", "minReadySeconds: 10", "minReadySeconds: five", "minReadySeconds"},
	"pods with a token":              {"Deployment api", "automountServiceAccountToken: false", "automountServiceAccountToken: true", "its pods get a token"},
	"unlimited requests":             {"Ingress api", "limit-rps: \"100\"", "limit-rps: \"0\"", "Ingress api: limit-rps must be a positive number"},
	"unlimited connections":          {"Ingress console", "nginx.ingress.kubernetes.io/limit-connections", "nginx.ingress.kubernetes.io/limit", "Ingress console: limit-connections must be"},
	"host without a certificate":     {"Ingress api", "hosts:\n    - imports.example.com", "hosts:\n    - example.com", "there is no certificate for imports.example.com"},
	"policy for unknown peers":       {"NetworkPolicy to-api", "longshore.io/client:", "longshore.io/clients:", "the pods that it admits do not exist"},
	"namespace without pod security": {"Namespace longshore", "pod-security.kubernetes.io/enforce: restricted", "pod-security.kubernetes.io/enforce: baseline", "Namespace longshore: it does not enforce"},
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for name, mistake := range mistakes {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			expectProblem(t, problemsOf(t, with(t, mistake)), mistake.want)
		})
	}
}

func expectProblem(t *testing.T, problems []string, want string) {
	t.Helper()
	if !slices.ContainsFunc(problems, func(problem string) bool { return strings.Contains(problem, want) }) {
		t.Errorf("problems = %q, want one with %q", problems, want)
	}
}

// TestAlternatives: other ways to require a login, and other names of images, are accepted.
func TestAlternatives(t *testing.T) {
	t.Parallel()
	const addresses = "nginx.ingress.kubernetes.io/whitelist-source-range: 10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"
	for name, alternative := range map[string]change{
		"auth-url":             {"Ingress api", addresses, "nginx.ingress.kubernetes.io/auth-url: https://login.example.com/auth", ""},
		"clients' certificate": {"Ingress api", addresses, "nginx.ingress.kubernetes.io/auth-tls-secret: longshore/clients", ""},
		"registry with a port": {"Deployment api", "registry.example.com/", "registry.example.com:5000/", ""},
		"digest":               {"Deployment api", "longshore/api:0.1.0", "longshore/api@sha256:" + strings.Repeat("0", 64), ""},
	} {
		if problems := problemsOf(t, with(t, alternative)); len(problems) > 0 {
			t.Errorf("problems with %s = %q, want none", name, problems)
		}
	}
}

// TestMistakesOfVariables: only the programs know these.
func TestMistakesOfVariables(t *testing.T) {
	t.Parallel()
	for _, mistake := range []change{
		{"Deployment api", "LONGSHORE_DRAIN_DELAY", "LONGSHORE_DRAIN_DELY", "api does not read LONGSHORE_DRAIN_DELY"},
		{"ConfigMap longshore-??????????", "LONGSHORE_LOG_LEVEL: info", "LONGSHORE_LOG_LEVEL: info\n  LONGSHORE_LANES: \"4\"", "importer does not read LONGSHORE_LANES"},
		{"Deployment api", "value: 40s", "value: \"40\"", "LONGSHORE_SHUTDOWN_GRACE"},
		{"Deployment importer", `value: "6"`, `value: "3"`, "LONGSHORE_DB_MAX_CONNS"},
		{"Job collections-0.1.0", "LONGSHORE_DB_WAIT", "LONGSHORE_DB_WAITS", "collections does not read LONGSHORE_DB_WAITS"},
		{"Job collections-0.1.0", "value: 15m", "value: \"15\"", "Job collections-0.1.0: reading the configuration of api"},
	} {
		expectProblem(t, rejectedVariables(t, with(t, mistake)), mistake.want)
	}
}

// with returns the objects of prod, one of which is changed.
func with(t *testing.T, c change) []*unstructured.Unstructured {
	t.Helper()
	objects := slices.Clone(render(t, prod))
	i := slices.IndexFunc(objects, func(o *unstructured.Unstructured) bool {
		matched, err := path.Match(c.object, o.GetKind()+" "+o.GetName())
		return err == nil && matched
	})
	if i < 0 {
		t.Fatalf("prod has no %s", c.object)
	}
	content, err := yaml.Marshal(objects[i].Object)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(content), c.old, c.new)
	if text == string(content) {
		t.Fatalf("%s does not contain %q:\n%s", c.object, c.old, content)
	}
	if content, err = yaml.YAMLToJSON([]byte(text)); err != nil {
		t.Fatal(err)
	}
	objects[i] = &unstructured.Unstructured{}
	if err := objects[i].UnmarshalJSON(content); err != nil {
		t.Fatal(err)
	}
	return objects
}
