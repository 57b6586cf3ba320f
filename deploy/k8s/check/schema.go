package check

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

// schemas are the structural schemas of custom resources.
type schemas map[schema.GroupVersionKind]*spec.Schema

// definition is a CustomResourceDefinition, as far as it matters here.
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

// loadSchemas reads CustomResourceDefinitions, YAML each.
func loadSchemas(definitions [][]byte) (schemas, error) {
	known := make(schemas)
	for _, content := range definitions {
		var d definition
		if err := yaml.Unmarshal(content, &d); err != nil {
			return nil, fmt.Errorf("reading a custom resource definition: %w", err)
		}
		for _, version := range d.Spec.Versions {
			rejectUnknown(version.Schema.OpenAPIV3Schema)
			known[schema.GroupVersionKind{Group: d.Spec.Group, Version: version.Name, Kind: d.Spec.Names.Kind}] = version.Schema.OpenAPIV3Schema
		}
	}
	return known, nil
}

// rejectUnknown changes a structural schema, which ignores unknown fields, so that it rejects them,
// as a server does with fieldValidation=Strict. Objects without properties (metadata) stay open.
func rejectUnknown(s *spec.Schema) {
	if s == nil {
		return
	}
	if open, _ := s.Extensions.GetBool("x-kubernetes-preserve-unknown-fields"); !open && len(s.Properties) > 0 {
		s.AdditionalProperties = &spec.SchemaOrBool{Allows: false}
	}
	if either, _ := s.Extensions.GetBool("x-kubernetes-int-or-string"); either {
		s.Type = spec.StringOrArray{"integer", "string"}
		s.AnyOf = nil // it repeats the type
	}
	for name, property := range s.Properties {
		rejectUnknown(&property)
		s.Properties[name] = property
	}
	if s.Items != nil {
		rejectUnknown(s.Items.Schema)
	}
	if s.AdditionalProperties != nil {
		rejectUnknown(s.AdditionalProperties.Schema)
	}
}

// check validates the object by its schema. A kind without a schema is an error.
func (s schemas) check(object *unstructured.Unstructured) error {
	known, ok := s[object.GroupVersionKind()]
	if !ok {
		return errors.New("no custom resource of this kind is known")
	}
	return errors.Join(validate.NewSchemaValidator(known, nil, "", strfmt.Default).Validate(object.Object).Errors...)
}
