// Package render makes the objects of a folder for Kustomize, as `kubectl kustomize` does, without any program or server.
package render

import (
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// one at a time: Kustomize keeps the schemas of Kubernetes in variables of its packages.
var one sync.Mutex

// Folder returns the objects that the folder's kustomization makes, in its order. Its error tells what Kustomize refuses.
func Folder(folder string) ([]*unstructured.Unstructured, error) {
	one.Lock()
	defer one.Unlock()
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, fmt.Errorf("rendering %s: %w", folder, err)
	}
	objects := make([]*unstructured.Unstructured, 0, made.Size())
	for _, resource := range made.Resources() {
		content, err := resource.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("writing %s: %w", resource.CurId(), err)
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(content); err != nil {
			return nil, fmt.Errorf("reading %s: %w", resource.CurId(), err)
		}
		objects = append(objects, object)
	}
	return objects, nil
}
