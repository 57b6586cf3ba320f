package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// load reads the objects of a YAML file.
func load(path string) ([]*unstructured.Unstructured, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading manifests: %w", err)
	}
	defer func() { _ = file.Close() }()
	var objects []*unstructured.Unstructured
	for documents := yaml.NewYAMLToJSONDecoder(file); ; {
		object := &unstructured.Unstructured{}
		switch err := documents.Decode(object); {
		case errors.Is(err, io.EOF):
			return objects, nil
		case err != nil:
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
		objects = append(objects, object)
	}
}

// apply applies the objects in a dry run, and for each workload the pod that its controller would
// create: Pod Security enforces its profile on pods only.
func (c *cluster) apply(ctx context.Context, out io.Writer, overlay string, objects []*unstructured.Unstructured) error {
	var rejected error
	accepted := 0
	for _, object := range objects {
		if object.GetKind() == "Namespace" {
			if err := c.create(ctx, object); err != nil {
				return err
			}
		}
		for _, applied := range append([]*unstructured.Unstructured{object}, podsOf(object)...) {
			if err := c.dryRun(ctx, applied); err != nil {
				rejected = errors.Join(rejected, fmt.Errorf("%s: %s %s: %w", overlay, applied.GetKind(), applied.GetName(), err))
				continue
			}
			accepted++
		}
	}
	printf(out, "%s: %d objects accepted\n", overlay, accepted)
	return rejected
}
