// Package manifests renders the overlays and finds the definitions of the custom resources in them.
package manifests

import (
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// kustomize serialises rendering: Kustomize keeps Kubernetes' schemas in package variables.
var kustomize sync.Mutex

// Render returns the objects of a folder with a kustomization, as `kubectl kustomize` prints them.
func Render(folder string) ([]*unstructured.Unstructured, error) {
	kustomize.Lock()
	defer kustomize.Unlock()
	rendered, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, fmt.Errorf("rendering %s: %w", folder, err)
	}
	objects := make([]*unstructured.Unstructured, 0, rendered.Size())
	for _, resource := range rendered.Resources() {
		content, err := resource.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("encoding %s: %w", resource.CurId(), err)
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(content); err != nil {
			return nil, fmt.Errorf("decoding %s: %w", resource.CurId(), err)
		}
		objects = append(objects, object)
	}
	return objects, nil
}
