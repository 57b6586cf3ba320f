// Command write renders overlays into a folder, a YAML file each, and adds a file with the
// definitions of the custom resources in them. make k8s-check gives both to a real API server,
// whose Go module cannot share the requirements of this one.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"sigs.k8s.io/yaml"

	"github.com/longshore-io/longshore/deploy/k8s/check/manifests"
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
		return errors.New("usage: write FOLDER OVERLAY…")
	}
	folder := arguments[0]
	if err := os.MkdirAll(folder, 0o750); err != nil { //nolint:gosec // G703: an argument
		return fmt.Errorf("creating %s: %w", folder, err)
	}
	definitions, err := manifests.Definitions(ctx)
	if err != nil {
		return err
	}
	if err := save(folder, "definitions", definitions); err != nil {
		return err
	}
	for _, overlay := range arguments[1:] {
		objects, err := manifests.Render(overlay)
		if err != nil {
			return err
		}
		documents := make([][]byte, len(objects))
		for i, object := range objects {
			if documents[i], err = yaml.Marshal(object.Object); err != nil {
				return fmt.Errorf("encoding %s %s: %w", object.GetKind(), object.GetName(), err)
			}
		}
		if err := save(folder, filepath.Base(overlay), documents); err != nil {
			return err
		}
	}
	return nil
}

func save(folder, name string, documents [][]byte) error {
	content := append(bytes.Join(documents, []byte("\n---\n")), '\n')
	if err := os.WriteFile(filepath.Join(folder, name+".yaml"), content, 0o600); err != nil { //nolint:gosec // G703: an argument
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}
