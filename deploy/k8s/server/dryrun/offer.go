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

// offer gives the objects to the server, and of each workload a pod as its controller would make it: Pod Security looks at pods.
func (c *cluster) offer(ctx context.Context, out io.Writer, overlay string, objects []*unstructured.Unstructured) error {
	var refused error
	taken := 0
	for _, object := range objects {
		if object.GetKind() == "Namespace" {
			if err := c.create(ctx, object); err != nil {
				return err
			}
		}
		for _, one := range append([]*unstructured.Unstructured{object}, podsOf(object)...) {
			if err := c.dryRun(ctx, one); err != nil {
				refused = errors.Join(refused, fmt.Errorf("%s: %s %s: %w", overlay, one.GetKind(), one.GetName(), err))
				continue
			}
			taken++
		}
	}
	said(out, "%s: %d objects taken\n", overlay, taken)
	return refused
}
