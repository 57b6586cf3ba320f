// Package check holds the manifests of every overlay to their schemas, to kube-score, to each other and to the programs, without a cluster.
package check

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/longshore-io/longshore/deploy/k8s/check/crd"
	"github.com/longshore-io/longshore/deploy/k8s/check/manifest"
	"github.com/longshore-io/longshore/deploy/k8s/check/render"
	"github.com/longshore-io/longshore/deploy/k8s/check/score"
	"github.com/longshore-io/longshore/deploy/local/programs"
	"github.com/longshore-io/longshore/pkg/queue"
)

// overlays are what is installed, and the base that they stand on.
var overlays = []string{"base", "overlays/dev", "overlays/prod"}

// rendered returns the objects of an overlay, made once; nobody may change them.
var rendered = func() map[string]func() ([]*unstructured.Unstructured, error) {
	made := map[string]func() ([]*unstructured.Unstructured, error){}
	for _, overlay := range overlays {
		made[overlay] = sync.OnceValues(func() ([]*unstructured.Unstructured, error) { return render.Folder("../" + overlay) })
	}
	return made
}()

func mustRender(t *testing.T, overlay string) []*unstructured.Unstructured {
	t.Helper()
	objects, err := rendered[overlay]()
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

var schemas = sync.OnceValues(func() (manifest.Schemas, error) {
	files, err := crd.Files(context.Background())
	if err != nil {
		return nil, err
	}
	return manifest.LoadSchemas(files)
})

// expectations are what is true outside of the manifests: of the code, of KEDA, and of what overlays/prod asks people to bring.
var expectations = sync.OnceValues(func() (manifest.Expectations, error) {
	want := manifest.Expectations{
		Secrets:      []string{"longshore", "longshore-console"},
		ConfigMaps:   []string{"longshore-collections"},
		ClientLabels: []string{"longshore.io/client"},
		Cleanup:      queue.CleanupGrace,
		ProbePaths:   []string{"/startupz", "/livez", "/readyz"}, // TestProbesAskWhatIsAnswered
	}
	for _, program := range programs.Programs() {
		want.Programs = append(want.Programs, program.Name)
	}
	source, err := crd.PostgresScaler(context.Background())
	for _, match := range metadataTag.FindAllSubmatch(source, -1) {
		want.TriggerKeys = append(want.TriggerKeys, string(match[1]))
	}
	return want, err
})

// metadataTag is how KEDA's scalers say what they read from a trigger's metadata.
var metadataTag = regexp.MustCompile("keda:\"name=(\\w+),[^\"]*\\btriggerMetadata\\b")

// problemsOf is everything that the offline checks find, but for what only the programs know.
func problemsOf(t *testing.T, objects []*unstructured.Unstructured) []string {
	t.Helper()
	cluster, want, problems := read(t, objects)
	problems = append(problems, cluster.Problems(want)...)
	var documents strings.Builder
	for _, object := range objects {
		content, err := yaml.Marshal(object.Object)
		if err != nil {
			t.Fatal(err)
		}
		documents.WriteString("---\n" + string(content))
	}
	critical, err := score.Critical([]byte(documents.String()))
	if err != nil {
		problems = append(problems, err.Error())
	}
	return append(problems, critical...)
}

func read(t *testing.T, objects []*unstructured.Unstructured) (*manifest.Cluster, manifest.Expectations, []string) {
	t.Helper()
	known, err := schemas()
	if err != nil {
		t.Fatal(err)
	}
	want, err := expectations()
	if err != nil {
		t.Fatal(err)
	}
	cluster, problems := manifest.Read(objects, known)
	return cluster, want, problems
}

func TestOverlaysKeepEveryRule(t *testing.T) {
	t.Parallel()
	for _, overlay := range overlays {
		if overlay == "base" {
			continue // it has no namespace and no secrets; TestBaseIsStrict
		}
		for _, problem := range problemsOf(t, mustRender(t, overlay)) {
			t.Errorf("%s: %s", overlay, problem)
		}
	}
}

// TestBaseIsStrict: the base by itself can be rendered and is decoded.
func TestBaseIsStrict(t *testing.T) {
	t.Parallel()
	_, _, problems := read(t, mustRender(t, "base"))
	for _, problem := range problems {
		t.Error(problem)
	}
}

// TestProdHasEveryComponent: what is not in an overlay, nothing here looks at.
func TestProdHasEveryComponent(t *testing.T) {
	t.Parallel()
	var have []string
	for _, object := range mustRender(t, "overlays/prod") {
		have = append(have, object.GetKind())
	}
	for _, kind := range []string{"ScaledObject", "TriggerAuthentication", "PodMonitor", "Ingress", "HorizontalPodAutoscaler", "Job"} {
		if !slices.Contains(have, kind) {
			t.Errorf("the overlay prod has no %s", kind)
		}
	}
	folders, err := os.ReadDir("../components")
	if err != nil {
		t.Fatal(err)
	}
	kustomization, err := os.ReadFile("../overlays/prod/kustomization.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if !strings.Contains(string(kustomization), "../../components/"+folder.Name()) {
			t.Errorf("the overlay prod lacks the component %s", folder.Name())
		}
	}
}

// TestFilesAreUsed: a file that no kustomization names is not looked at, and not installed.
func TestFilesAreUsed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	deeper, err := filepath.Glob("../*/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, deeper...) {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		kustomization, err := os.ReadFile(filepath.Join(filepath.Dir(file), "kustomization.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(kustomization), filepath.Base(file)) {
			t.Errorf("no kustomization names %s", file)
		}
	}
}
