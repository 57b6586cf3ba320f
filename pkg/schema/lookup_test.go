package schema_test

import (
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/record"
	"github.com/longshore-io/longshore/pkg/schema"
)

// TestLookups: a member that a lookup fills may be absent, is checked if it is there, and is required afterwards. The
// members that lookups use are allowed where others are not.
func TestLookups(t *testing.T) {
	t.Parallel()
	const longshore = `"x-longshore": {"table": "orders", "key": ["id"], "lookups": {"customer_id": {"table": "customers", "by": {"customer.email": "email"}}}}`
	files := map[string]string{
		"plain": `{` + longshore + `, "additionalProperties": false, "required": ["id", "customer_id"],
  "properties": {"id": {"type": "integer"}, "customer_id": {"type": "integer"}, "note": {"type": "string"}}}`,
		"referred": `{` + longshore + `, "$ref": "#/$defs/order", "$defs": {"order": {"required": ["id", "customer_id"], "additionalProperties": false,
  "properties": {"id": {"type": "integer"}, "customer_id": {"type": "integer"}, "note": {"type": "string"}}}}}`,
		"not supported by the acceptors": `{` + longshore + `, "required": ["id", "customer_id"], "propertyNames": {"maxLength": 20},
  "properties": {"id": {"type": "integer"}, "customer_id": {"type": "integer"}, "note": {"type": "string"}}}`,
	}
	for name, file := range files {
		for _, tt := range []struct {
			mode           collection.WriteMode
			record, reason string
			required       bool
		}{
			{collection.Replace, `{"id":1,"customer":{"email":"a"}}`, "", true},
			{collection.Replace, `{"id":1,"customer.email":"a"}`, "", true},
			{collection.Replace, `{"customer.email":"a"}`, "/id required", true},
			{collection.Replace, `{"id":1,"customer.email":"a","note":7}`, "/note type", true},
			{collection.Replace, `{"id":1,"customer_id":"x"}`, "/customer_id type", true},
			{collection.Merge, `{"id":1,"customer.email":"a"}`, "", false},
			{collection.Delete, `{"id":1,"customer.email":"a"}`, "", false},
		} {
			t.Run(strings.Join([]string{name, string(tt.mode), tt.record}, "/"), func(t *testing.T) {
				t.Parallel()
				c, err := collection.Parse("orders", []byte(file))
				if err != nil {
					t.Fatal(err)
				}
				checker, err := schema.CompileFor(c, tt.mode)
				if err != nil {
					t.Fatal(err)
				}
				r := record.NewReader(c, record.DefaultLimits())
				values, reasons := r.Read([]byte(tt.record))
				if reasons != nil {
					t.Fatal(reasons)
				}
				var got []string
				for _, reason := range checker.Check(r.Declared(), values) {
					got = append(got, reason.Pointer+" "+reason.Code)
				}
				if strings.Join(got, ", ") != tt.reason {
					t.Errorf("Check() = %q, want %q", got, tt.reason)
				}
				if reason, ok := checker.RequiresLooked("customer_id"); ok != tt.required || ok && reason.Pointer != "/customer_id" {
					t.Errorf("RequiresLooked() = %v, %t, want %t", reason, ok, tt.required)
				}
			})
		}
	}
	c, err := collection.Parse("orders", []byte(files["plain"]))
	if err != nil {
		t.Fatal(err)
	}
	checker, err := schema.Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	if reasons := checker.Explain([]byte(`{"id":1,"customer":{"email":"a"},"x":1}`)); len(reasons) != 1 || reasons[0].Pointer != "/x" {
		t.Errorf("Explain() = %v, want a reason for /x only", reasons)
	}
}
