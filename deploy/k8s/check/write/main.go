// Command write renders the overlays given and writes them into a folder, a file of YAML each, beside the definitions of the custom
// resources that they use: make k8s-check gives both to a real API server, whose module can't share this one's requirements.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/longshore-io/longshore/deploy/k8s/check/crd"
	"github.com/longshore-io/longshore/deploy/k8s/check/render"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "write:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) < 2 {
		return fmt.Errorf("usage: write FOLDER OVERLAY…")
	}
	folder := arguments[0]
	if err := os.MkdirAll(folder, 0o750); err != nil { //nolint:gosec // G703: the caller says where
		return fmt.Errorf("creating %s: %w", folder, err)
	}
	definitions, err := crd.Files(ctx)
	if err != nil {
		return err
	}
	if err := save(folder, "definitions", definitions); err != nil {
		return err
	}
	for _, overlay := range arguments[1:] {
		objects, err := render.Folder(overlay)
		if err != nil {
			return err
		}
		documents, err := marshal(objects)
		if err != nil {
			return err
		}
		if err := save(folder, filepath.Base(overlay), documents); err != nil {
			return err
		}
	}
	return nil
}

func marshal(objects []*unstructured.Unstructured) ([][]byte, error) {
	var documents [][]byte
	for _, object := range objects {
		content, err := yaml.Marshal(object.Object)
		if err != nil {
			return nil, fmt.Errorf("writing %s %s: %w", object.GetKind(), object.GetName(), err)
		}
		documents = append(documents, content)
	}
	return documents, nil
}

func save(folder, name string, documents [][]byte) error {
	content := append(bytes.Join(documents, []byte("\n---\n")), '\n')
	if err := os.WriteFile(filepath.Join(folder, name+".yaml"), content, 0o600); err != nil { //nolint:gosec // G703: as above
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}
