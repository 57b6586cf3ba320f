package check

import (
	"path"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// change puts a mistake into one object of the overlay prod, as a text in its YAML is replaced by another.
type change struct {
	object   string // kind and name, in which ? stands for any letter
	old, new string
	// want is part of what must be said against it.
	want string
}

// mistakes are found by the schemas, the rules or kube-score.
var mistakes = map[string]change{
	"selector of a Deployment":  {"Deployment importer", "matchLabels:\n      app.kubernetes.io/name: importer", "matchLabels:\n      app.kubernetes.io/name: import", "Deployment importer: its selector finds the pods of []"},
	"selector of a Service":     {"Service api", "selector:\n    app.kubernetes.io/name: api", "selector:\n    app.kubernetes.io/name: apis", "Service api: its selector finds the pods of 0 workloads"},
	"selector of a budget":      {"PodDisruptionBudget reporter", "app.kubernetes.io/name: reporter\n", "app.kubernetes.io/name: report\n", "Deployment reporter: no disruption budget"},
	"target port":               {"Service console", "targetPort: http", "targetPort: web", `its target port "web" is no port of Deployment console`},
	"port of a probe":           {"Deployment janitor", "path: /livez\n            port: admin", "path: /livez\n            port: http", `asks the port "http"`},
	"path of a probe":           {"Deployment janitor", "path: /livez", "path: /healthz", "a probe asks /healthz"},
	"number of a port":          {"Deployment api", "containerPort: 8080", "containerPort: 8081", `LONGSHORE_ADDR is ":8080", and the port http is 8081`},
	"port of a monitor":         {"PodMonitor longshore", "port: admin", "port: metrics", "PodMonitor longshore: it asks the port metrics"},
	"port of a policy":          {"NetworkPolicy to-api", "port: http", "port: web", "none of its pods has a port web"},
	"port of an ingress":        {"Ingress api", "name: http", "name: https", "Ingress api: / leads to no port"},
	"HPA's bounds":              {"HorizontalPodAutoscaler api", "minReplicas: 2", "minReplicas: 20", "from 20 to 10 replicas"},
	"HPA's target":              {"HorizontalPodAutoscaler api", "kind: Deployment\n    name: api", "kind: Deployment\n    name: app", "there is no Deployment app"},
	"KEDA's bounds":             {"ScaledObject importer", "minReplicaCount: 1", "minReplicaCount: 30", "from 30 to 20 replicas"},
	"KEDA's target":             {"ScaledObject importer", "scaleTargetRef:\n    name: importer", "scaleTargetRef:\n    name: api", "Deployment api: 2 autoscalers"},
	"KEDA's field":              {"ScaledObject importer", "cooldownPeriod:", "coolDownPeriod:", "coolDownPeriod"},
	"KEDA's metadata":           {"ScaledObject importer", "targetQueryValue:", "targetQueryvalue:", `reads no "targetQueryvalue"`},
	"KEDA's authentication":     {"ScaledObject importer", "name: longshore-postgres", "name: postgres", "no TriggerAuthentication postgres"},
	"KEDA's type":               {"ScaledObject importer", "maxReplicaCount: 20", "maxReplicaCount: many", "maxReplicaCount"},
	"pod's security context":    {"Deployment searcher", "runAsUser: 65532", "runAsUser: 0", "security context is not the restricted one"},
	"no root by chance":         {"Deployment searcher", "runAsNonRoot: true", "", "security context is not the restricted one"},
	"container's privileges":    {"Deployment searcher", "allowPrivilegeEscalation: false\n", "allowPrivilegeEscalation: true\n", "the security context of searcher"},
	"no security context":       {"Job migrate-0.1.0", "securityContext:\n          allowPrivilegeEscalation: false\n          capabilities:\n            drop:\n            - ALL\n          privileged: false\n          readOnlyRootFilesystem: true", "", "the security context of migrate"},
	"no readiness":              {"Deployment api", "readinessProbe:\n          failureThreshold: 1\n          httpGet:\n            path: /readyz\n            port: admin\n          periodSeconds: 5\n          timeoutSeconds: 3", "", "it has no probe at /readyz"},
	"no memory":                 {"Deployment api", "limits:\n            ephemeral-storage: 1Gi\n            memory: 512Mi", "", "it does not say its memory"},
	"heap beyond the memory":    {"Deployment api", "memory: 512Mi", "memory: 384Mi", "GOMEMLIMIT (460MiB)"},
	"another's image":           {"Deployment api", "longshore/api:0.1.0", "longshore/importer:0.1.0", "is not that of the program api"},
	"image without a tag":       {"Deployment api", "longshore/api:0.1.0", "longshore/api", "has no tag of its own"},
	"another release":           {"Deployment api", "0.1.0", "0.2.0", "2 different releases"},
	"same job again":            {"Job migrate-0.1.0", "name: migrate-0.1.0", "name: migrate-dev", "it is not named migrate-0.1.0"},
	"policy for nobody":         {"NetworkPolicy to-console", "app.kubernetes.io/name: console", "app.kubernetes.io/name: consoles", "NetworkPolicy to-console: it is about nobody's pods"},
	"open to all":               {"NetworkPolicy default-deny", "spec:\n  podSelector:", "spec:\n  ingress: [{}]\n  podSelector:", "it allows everything"},
	"a pod that is not closed":  {"Job migrate-0.1.0", "app.kubernetes.io/part-of: longshore", "app.kubernetes.io/part-of: another", "Job migrate-0.1.0: no NetworkPolicy denies"},
	"closed to others":          {"NetworkPolicy default-deny", "podSelector:\n    matchLabels:\n      app.kubernetes.io/part-of: longshore", "podSelector: {}", "it is about the pods of others"},
	"one DNS only":              {"NetworkPolicy dns", "egress:\n  - ports:", "egress:\n  - to:\n    - namespaceSelector: {}\n    ports:", "does not reach every DNS at port 53"},
	"no DNS of OpenShift's":     {"NetworkPolicy dns", "port: 5353", "port: 5354", "does not reach every DNS at port 5353"},
	"unfound monitor":           {"PodMonitor longshore", "release: kube-prometheus-stack", "releases: x", "PodMonitor longshore: it has no label release"},
	"unfound alerts":            {"PrometheusRule longshore", "release: kube-prometheus-stack", "releases: x", "PrometheusRule longshore: it has no label release"},
	"open API":                  {"Ingress api", "nginx.ingress.kubernetes.io/whitelist-source-range", "nginx.ingress.kubernetes.io/whitelist", "Ingress api: it opens the api to everybody"},
	"API for the world":         {"Ingress api", "10.0.0.0/8,", "0.0.0.0/0,", "Ingress api: it opens the api to everybody"},
	"API for half of it":        {"Ingress api", "10.0.0.0/8,", "10.0.0.0/1,", "Ingress api: it opens the api to everybody"},
	"somebody else's image":     {"Deployment api", "image: registry.example.com/longshore/api", "image: longshore/api", `is "IfNotPresent", not Never`},
	"image that never comes":    {"Job migrate-0.1.0", "imagePullPolicy: IfNotPresent", "imagePullPolicy: Never", `is "Never", not IfNotPresent`},
	"label of another release":  {"Deployment api", "app.kubernetes.io/version: 0.1.0", "app.kubernetes.io/version: 0.2.0", "its label says release 0.2.0"},
	"job named by a port":       {"Job migrate-0.1.0", "name: migrate-0.1.0", "name: migrate-5000-longshore-migrate-0.1.0", "it is not named migrate-0.1.0"},
	"a log that is lost":        {"Job migrate-0.1.0", "restartPolicy: Never", "restartPolicy: OnFailure", "its pod is deleted with its log"},
	"a job that never gives up": {"Job migrate-0.1.0", "backoffLimit: 6", "backoffLimit: 10", "Job migrate-0.1.0: it is tried for"},
	"api that does not drain":   {"Deployment api", "name: LONGSHORE_DRAIN_DELAY\n          value: 8s", "name: LONGSHORE_DRAIN_DELAY\n          value: 0s", "Deployment api: it stops listening before"},
	"no drain of the console":   {"Deployment console", "name: LONGSHORE_DRAIN_DELAY\n          value: 8s", "name: LONGSHORE_DRAIN_DELAY\n          value: 0s", "Deployment console: it stops listening before"},
	"hasty update":              {"Deployment importer", "minReadySeconds: 10", "minReadySeconds: 1", "Postgres allows 500 connections"},
	"long goodbye":              {"Deployment api", "value: 40s", "value: 90s", "Postgres allows 500 connections"},
	"killed too early":          {"Deployment importer", "terminationGracePeriodSeconds: 45", "terminationGracePeriodSeconds: 20", "it is killed after 20s"},
	"down before up":            {"Deployment api", "maxUnavailable: 0", "maxUnavailable: 1", "takes a pod away"},
	"impatient start":           {"Deployment api", "failureThreshold: 480", "failureThreshold: 30", "must follow each other"},
	"too many connections":      {"Deployment importer", `value: "6"`, `value: "10"`, "Postgres allows 500 connections"},
	"unknown secret":            {"Deployment importer", "key: REDIS_URL\n              name: longshore", "key: REDIS_URL\n              name: redis", "a secret redis"},
	"unknown key":               {"Deployment importer", "key: REDIS_URL", "key: REDIS", "read from the key REDIS"},
	"unknown config map":        {"Deployment importer", "configMapRef:\n            name: longshore", "configMapRef:\n            name: settings", "a config map that is not there"},
	"all in one zone":           {"Deployment reporter", "topologyKey: topology.kubernetes.io/zone", "topologyKey: kubernetes.io/hostname", "not spread over topology.kubernetes.io/zone"},
	"another public address":    {"Deployment api", "value: https://imports.example.com", "value: https://import.example.com", "LONGSHORE_PUBLIC_URL"},
	"misspelt field":            {"Deployment api", "imagePullPolicy:", "imagePullpolicy:", "imagePullpolicy"},
	"wrong type":                {"Deployment api", "minReadySeconds: 10", "minReadySeconds: five", "minReadySeconds"},
	"unforced pod security":     {"Namespace longshore", "pod-security.kubernetes.io/enforce: restricted", "pod-security.kubernetes.io/enforce: baseline", "Namespace longshore"},
}

func TestMistakesAreRefused(t *testing.T) {
	t.Parallel()
	for name, mistake := range mistakes {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			said := problemsOf(t, with(t, mustRender(t, "overlays/prod"), mistake))
			if !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, mistake.want) }) {
				t.Errorf("nothing says %q, but:\n%s", mistake.want, strings.Join(said, "\n"))
			}
		})
	}
}

// TestOtherWaysAreTaken: who else may ask for a login, and other names of images.
func TestOtherWaysAreTaken(t *testing.T) {
	t.Parallel()
	const addresses = "nginx.ingress.kubernetes.io/whitelist-source-range: 10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"
	for name, instead := range map[string]change{
		"auth-url":             {"Ingress api", addresses, "nginx.ingress.kubernetes.io/auth-url: https://login.example.com/auth", ""},
		"clients' certificate": {"Ingress api", addresses, "nginx.ingress.kubernetes.io/auth-tls-secret: longshore/clients", ""},
		"registry with a port": {"Deployment api", "registry.example.com/", "registry.example.com:5000/", ""},
		"digest":               {"Deployment api", "longshore/api:0.1.0", "longshore/api@sha256:" + strings.Repeat("0", 64), ""},
	} {
		if said := problemsOf(t, with(t, mustRender(t, "overlays/prod"), instead)); len(said) > 0 {
			t.Errorf("with %s: %s", name, strings.Join(said, "\n"))
		}
	}
}

// TestKubeScoreFindsMistakes: it is asked, and not only rules of our own.
func TestKubeScoreFindsMistakes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"no memory": "container-resources", "selector of a Service": "service-targets-pod"} {
		said := problemsOf(t, with(t, mustRender(t, "overlays/prod"), mistakes[name]))
		if !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("%s: kube-score does not say %s:\n%s", name, want, strings.Join(said, "\n"))
		}
	}
}

// TestProgramsRefuseMistakes: what only they can know.
func TestProgramsRefuseMistakes(t *testing.T) {
	t.Parallel()
	for name, mistake := range map[string]change{
		"misspelt":            {"Deployment api", "LONGSHORE_DRAIN_DELAY", "LONGSHORE_DRAIN_DELY", "api does not read LONGSHORE_DRAIN_DELY"},
		"another service's":   {"ConfigMap longshore-??????????", "LONGSHORE_LOG_LEVEL: info", "LONGSHORE_LOG_LEVEL: info\n  LONGSHORE_LANES: \"4\"", "importer does not read LONGSHORE_LANES"},
		"no duration":         {"Deployment api", "value: 40s", "value: \"40\"", "LONGSHORE_SHUTDOWN_GRACE"},
		"too few connections": {"Deployment importer", `value: "6"`, `value: "3"`, "LONGSHORE_DB_MAX_CONNS"},
	} {
		said := refusedVariables(t, with(t, mustRender(t, "overlays/prod"), mistake))
		if !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, mistake.want) }) {
			t.Errorf("%s: nothing says %q, but:\n%s", name, mistake.want, strings.Join(said, "\n"))
		}
	}
}

// with returns the objects with one of them changed.
func with(t *testing.T, objects []*unstructured.Unstructured, c change) []*unstructured.Unstructured {
	t.Helper()
	changed := slices.Clone(objects)
	for i, object := range objects {
		if meant, err := path.Match(c.object, object.GetKind()+" "+object.GetName()); err != nil || !meant {
			continue
		}
		content, err := yaml.Marshal(object.Object)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(content), c.old, c.new)
		if text == string(content) {
			t.Fatalf("%s has no text %q:\n%s", c.object, c.old, content)
		}
		broken := &unstructured.Unstructured{}
		if content, err = yaml.YAMLToJSON([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := broken.UnmarshalJSON(content); err != nil {
			t.Fatal(err)
		}
		changed[i] = broken
		return changed
	}
	t.Fatalf("the overlay has no %s", c.object)
	return nil
}
