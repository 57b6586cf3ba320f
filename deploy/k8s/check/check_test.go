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

	"github.com/longshore-io/longshore/deploy/k8s/check/manifests"
	"github.com/longshore-io/longshore/deploy/local/programstest"
)

func TestMain(m *testing.M) { os.Exit(programstest.Main(m)) }

// The base has no namespace and no secrets: only its schemas and variables are checked.
const (
	base = "base"
	dev  = "overlays/dev"
	prod = "overlays/prod"
)

// renderOnce renders each overlay once. The objects must not be changed.
var renderOnce = map[string]func() ([]*unstructured.Unstructured, error){base: renderer(base), dev: renderer(dev), prod: renderer(prod)}

func renderer(overlay string) func() ([]*unstructured.Unstructured, error) {
	return sync.OnceValues(func() ([]*unstructured.Unstructured, error) { return manifests.Render("../" + overlay) })
}

func render(t *testing.T, overlay string) []*unstructured.Unstructured {
	t.Helper()
	objects, err := renderOnce[overlay]()
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// metadataTag matches the tag of a metadata field in the source of a KEDA scaler.
var metadataTag = regexp.MustCompile("keda:\"name=(\\w+),[^\"]*\\btriggerMetadata\\b")

var loadOnce = sync.OnceValues(func() (known schemas, err error) {
	definitions, err := manifests.Definitions(context.Background())
	if err != nil {
		return nil, err
	}
	return loadSchemas(definitions)
})

var triggerKeysOnce = sync.OnceValues(func() (keys []string, err error) {
	source, err := manifests.PostgresScaler(context.Background())
	for _, match := range metadataTag.FindAllSubmatch(source, -1) {
		keys = append(keys, string(match[1]))
	}
	return keys, err
})

func read(t *testing.T, objects []*unstructured.Unstructured) (*cluster, []string) {
	t.Helper()
	known, err := loadOnce()
	if err != nil {
		t.Fatal(err)
	}
	return readCluster(objects, known)
}

func problemsOf(t *testing.T, objects []*unstructured.Unstructured) []string {
	t.Helper()
	known, err := loadOnce()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := triggerKeysOnce()
	if err != nil {
		t.Fatal(err)
	}
	return check(objects, known, keys)
}

func TestOverlays(t *testing.T) {
	t.Parallel()
	for _, overlay := range []string{dev, prod} {
		for _, problem := range problemsOf(t, render(t, overlay)) {
			t.Errorf("%s: %s", overlay, problem)
		}
	}
	_, problems := read(t, render(t, base))
	for _, problem := range problems {
		t.Errorf("%s: %s", base, problem)
	}
}

// TestProdHasEveryComponent: the rules check only what an overlay contains.
func TestProdHasEveryComponent(t *testing.T) {
	t.Parallel()
	var kinds []string
	for _, object := range render(t, prod) {
		kinds = append(kinds, object.GetKind())
	}
	for _, kind := range []string{"ScaledObject", "TriggerAuthentication", "PodMonitor", "Ingress", "HorizontalPodAutoscaler", "Job"} {
		if !slices.Contains(kinds, kind) {
			t.Errorf("the overlay prod has no %s", kind)
		}
	}
	folders, err := filepath.Glob("../components/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if !names(t, "../overlays/prod", "../"+folder) {
			t.Errorf("the overlay prod does not use %s", folder)
		}
	}
}

// TestEveryFileIsUsed: a file that no kustomization names is neither checked nor installed.
func TestEveryFileIsUsed(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"../*/*.yaml", "../*/*/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if filepath.Base(file) != "kustomization.yaml" && !names(t, filepath.Dir(file), filepath.Base(file)) {
				t.Errorf("no kustomization names %s", file)
			}
		}
	}
}

// names reports whether the folder's kustomization contains the text.
func names(t *testing.T, folder, text string) bool {
	t.Helper()
	kustomization, err := os.ReadFile(filepath.Join(folder, "kustomization.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(kustomization), text)
}
