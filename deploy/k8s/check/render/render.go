// Package render makes the objects of a folder for Kustomize, as `kubectl kustomize` does, without any program or server.
package render

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Folder returns the objects that the folder's kustomization makes, in its order. Its error tells what Kustomize refuses.
func Folder(folder string) ([]*unstructured.Unstructured, error) {
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, fmt.Errorf("rendering %s: %w", folder, err)
	}
	objects := make([]*unstructured.Unstructured, 0, made.Size())
	for _, one := range made.Resources() {
		content, err := one.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("writing %s: %w", one.CurId(), err)
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(content); err != nil {
			return nil, fmt.Errorf("reading %s: %w", one.CurId(), err)
		}
		objects = append(objects, object)
	}
	return objects, nil
}
