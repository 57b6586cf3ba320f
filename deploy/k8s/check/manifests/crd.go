package manifests

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// module is a Go module at a version, with its checksum as in go.sum. The modules are downloaded
// and not required: their own requirements, some hundred modules, would decide versions of ours.
type module struct{ path, version, sum string }

var (
	keda = module{"github.com/kedacore/keda/v2", "v2.21.0", "h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps="}
	// The newest version that the module proxy has. Later ones only add to these resources.
	prometheus = module{"github.com/prometheus-operator/prometheus-operator", "v0.85.0", "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s="}
)

// definitions are the files with the custom resource definitions that the manifests use.
var definitions = map[module][]string{
	keda: {"config/crd/bases/keda.sh_scaledobjects.yaml", "config/crd/bases/keda.sh_triggerauthentications.yaml"},
	prometheus: {
		"example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
		"example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
	},
}

// Definitions returns the custom resource definitions, YAML each. It runs the go command, which
// downloads them from the module proxy the first time.
func Definitions(ctx context.Context) ([][]byte, error) {
	var files [][]byte
	for from, names := range definitions {
		for _, name := range names {
			content, err := from.read(ctx, name)
			if err != nil {
				return nil, err
			}
			files = append(files, content)
		}
	}
	return files, nil
}

// PostgresScaler returns the Go source of KEDA's postgresql scaler. Only the source contains the
// names of a trigger's metadata: the custom resource definition accepts any.
func PostgresScaler(ctx context.Context) ([]byte, error) {
	return keda.read(ctx, "pkg/scalers/postgresql_scaler.go")
}

func (m module) read(ctx context.Context, name string) ([]byte, error) {
	folder, err := m.download(ctx)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return nil, fmt.Errorf("reading a file of %s: %w", m.path, err)
	}
	return content, nil
}

// download returns the module's folder. It downloads the module unless it is in the module cache.
func (m module) download(ctx context.Context) (string, error) {
	command := exec.CommandContext(ctx, "go", "mod", "download", "-json", m.path+"@"+m.version)
	command.Dir = os.TempDir()
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=") //nolint:forbidigo // the go command needs its own
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("downloading %s: %w: %s%s", m.path, err, stderr.Bytes(), stdout.Bytes())
	}
	var result struct{ Dir, Sum string }
	if err := json.Unmarshal(stdout.Bytes(), &result); err != nil {
		return "", fmt.Errorf("decoding the result of go mod download for %s: %w", m.path, err)
	}
	if result.Sum != m.sum {
		return "", fmt.Errorf("the checksum of %s %s is %s, not %s", m.path, m.version, result.Sum, m.sum)
	}
	return result.Dir, nil
}
