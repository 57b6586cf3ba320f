package manifest

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
	"sigs.k8s.io/yaml"
)

// Schemas are the structural schemas of custom resources.
type Schemas map[schema.GroupVersionKind]*spec.Schema

// definition is a CustomResourceDefinition as far as it matters here.
type definition struct {
	Spec struct {
		Group    string
		Names    struct{ Kind string }
		Versions []struct {
			Name   string
			Schema struct {
				OpenAPIV3Schema *spec.Schema `json:"openAPIV3Schema"`
			}
		}
	}
}

// LoadSchemas reads CustomResourceDefinitions, YAML each.
func LoadSchemas(definitions [][]byte) (Schemas, error) {
	schemas := make(Schemas)
	for _, content := range definitions {
		var d definition
		if err := yaml.Unmarshal(content, &d); err != nil {
			return nil, fmt.Errorf("reading a custom resource definition: %w", err)
		}
		for _, version := range d.Spec.Versions {
			refuseUnknown(version.Schema.OpenAPIV3Schema)
			kind := schema.GroupVersionKind{Group: d.Spec.Group, Version: version.Name, Kind: d.Spec.Names.Kind}
			schemas[kind] = version.Schema.OpenAPIV3Schema
		}
	}
	return schemas, nil
}

// refuseUnknown makes of a structural schema, whose unknown fields a server drops without a word, one that refuses them: a server does so
// with fieldValidation=Strict. An object without properties of its own (metadata) is left as it is.
func refuseUnknown(s *spec.Schema) {
	if s == nil {
		return
	}
	if open, _ := s.Extensions.GetBool("x-kubernetes-preserve-unknown-fields"); !open && len(s.Properties) > 0 {
		s.AdditionalProperties = &spec.SchemaOrBool{Allows: false}
	}
	if either, _ := s.Extensions.GetBool("x-kubernetes-int-or-string"); either {
		s.Type = spec.StringOrArray{"integer", "string"}
		s.AnyOf = nil // says the same
	}
	for name, property := range s.Properties {
		refuseUnknown(&property)
		s.Properties[name] = property
	}
	if s.Items != nil {
		refuseUnknown(s.Items.Schema)
	}
	if s.AdditionalProperties != nil {
		refuseUnknown(s.AdditionalProperties.Schema)
	}
}

// Check returns what the object's schema refuses; kinds without a schema are refused as a whole.
func (s Schemas) Check(object *unstructured.Unstructured) error {
	known, ok := s[object.GroupVersionKind()]
	if !ok {
		return errors.New("no custom resource of this kind is known")
	}
	result := validate.NewSchemaValidator(known, nil, "", strfmt.Default).Validate(object.Object)
	return errors.Join(result.Errors...)
}
