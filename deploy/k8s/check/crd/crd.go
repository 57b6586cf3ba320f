// Package crd finds the custom resource definitions that the manifests use, and the sources of what they configure, in the Go modules of
// those who make them. The modules are downloaded and not required: their own requirements, of some hundred modules, would decide
// versions of ours.
package crd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// module is a Go module at a version, with the checksum that go.sum would hold.
type module struct{ path, version, sum string }

var (
	keda = module{"github.com/kedacore/keda/v2", "v2.21.0", "h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps="}
	// The newest version that the module proxy has; the operator adds to these resources and takes nothing away.
	prometheus = module{"github.com/prometheus-operator/prometheus-operator", "v0.85.0", "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s="}
)

// definitions are the files that the manifests need.
var definitions = map[module][]string{
	keda: {"config/crd/bases/keda.sh_scaledobjects.yaml", "config/crd/bases/keda.sh_triggerauthentications.yaml"},
	prometheus: {
		"example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
		"example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
	},
}

// Files returns the definitions' contents, YAML each. It needs the go command, and the module proxy the first time.
func Files(ctx context.Context) ([][]byte, error) {
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

// PostgresScaler returns the Go source of KEDA's postgresql scaler, which alone knows the names of a trigger's metadata: the definition
// takes any.
func PostgresScaler(ctx context.Context) ([]byte, error) {
	return keda.read(ctx, "pkg/scalers/postgresql_scaler.go")
}

func (m module) read(ctx context.Context, name string) ([]byte, error) {
	folder, err := m.folder(ctx)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return nil, fmt.Errorf("reading a file of %s: %w", m.path, err)
	}
	return content, nil
}

// folder downloads the module unless it is there already.
func (m module) folder(ctx context.Context) (string, error) {
	command := exec.CommandContext(ctx, "go", "mod", "download", "-json", m.path+"@"+m.version)
	command.Dir = os.TempDir()
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=") //nolint:forbidigo // the go command needs its own
	var said, problems bytes.Buffer
	command.Stdout, command.Stderr = &said, &problems
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("downloading %s: %w: %s%s", m.path, err, problems.Bytes(), said.Bytes())
	}
	var got struct{ Dir, Sum string }
	if err := json.Unmarshal(said.Bytes(), &got); err != nil {
		return "", fmt.Errorf("reading where %s is: %w", m.path, err)
	}
	if got.Sum != m.sum {
		return "", fmt.Errorf("%s %s is not what it was: its checksum is %s and not %s", m.path, m.version, got.Sum, m.sum)
	}
	return got.Dir, nil
}
