package record_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/record"
)

const sourced = `{"x-longshore": {"table": "orders", "key": ["id"], "unknownMembers": "UNKNOWN", "lookups": {
    "customer_id": {"table": "customers", "by": {"customer.email": "email", "customer.shop.code": "shop"}},
    "item_id": {"table": "items", "by": {"sku": "sku"}},
    "city_id": {"table": "cities", "by": {"doc.city": "name"}}}},
  "properties": {"id": {}, "customer_id": {}, "item_id": {}, "city_id": {}, "sku": {}, "doc": {}, "extra": {}}}`

// TestSources reads the values that lookups use, in the order customer.email, customer.shop.code, doc.city, sku.
func TestSources(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		record, sources, pointer, reasons, unknown, declared string
	}{
		"absent":            {record: `{"id":1}`, sources: "- - - -"},
		"nested":            {record: `{"id":1, "customer": {"email" : "a", "shop": {"code":7} } }`, sources: `"a" 7 - -`, pointer: "/customer/email", declared: `{"id":1}`},
		"by its path":       {record: `{"customer.email":"a","customer.shop.code":7}`, sources: `"a" 7 - -`, pointer: "/customer.email", declared: `{}`},
		"both forms":        {record: `{"customer.email":"a","customer":{"shop":{"code":7}}}`, sources: `"a" 7 - -`, pointer: "/customer.email", declared: `{}`},
		"escaped name":      {record: `{"cust\u006fmer":{"em\u0061il":"a"}}`, sources: `"a" - - -`, pointer: "/customer/email", declared: `{}`},
		"null object":       {record: `{"customer":null}`, sources: "null null - -", pointer: "/customer/email", declared: `{}`},
		"null in it":        {record: `{"customer":{"shop":null}}`, sources: "- null - -", pointer: "/customer/email", declared: `{}`},
		"empty object":      {record: `{"customer":{}}`, sources: "- - - -", declared: `{}`},
		"declared member":   {record: `{"sku":"x","doc":{"city":"Bonn","more":[{"city":1}]}}`, sources: `- - "Bonn" "x"`},
		"declared, another": {record: `{"doc":[1]}`, sources: "- - - -"},
		"object as value":   {record: `{"customer":{"email":{"email":1}}}`, sources: `{"email":1} - - -`, pointer: "/customer/email", declared: `{}`},
		"no object":         {record: `{"customer":"a"}`, reasons: "/customer not-an-object"},
		"array":             {record: `{"customer":[{"email":"a"}]}`, reasons: "/customer not-an-object"},
		"no object within":  {record: `{"customer":{"shop":7}}`, reasons: "/customer/shop not-an-object"},
		"twice":             {record: `{"customer":{"email":"a"},"customer.email":"a"}`, reasons: "/customer.email duplicate-member"},
		"null and value":    {record: `{"customer.email":"a","customer":null}`, reasons: "/customer duplicate-member"},
		"object twice":      {record: `{"customer":{"email":"a"},"customer":{}}`, reasons: "/customer duplicate-member"},
		"path twice":        {record: `{"customer.email":"a","customer.email":"a"}`, reasons: "/customer.email duplicate-member"},
		"member twice":      {record: `{"customer":{"email":"a","email":"b"}}`, reasons: "/customer/email duplicate-member"},
		"unknown in it":     {record: `{"customer":{"email":"a","emial":"b","shop":{"x":1}}}`, reasons: "/customer/emial unknown-member, /customer/shop/x unknown-member"},
		"unknown path":      {record: `{"customer.emial":"a"}`, reasons: "/customer.emial unknown-member"},
		"unknown, ignored":  {unknown: "ignore", record: `{"id":1,"customer":{"email":"a","x":"b"},"y":2}`, sources: `"a" - - -`, pointer: "/customer/email", declared: `{"id":1}`},
		"unknown, stored": {
			unknown: "store:extra", record: `{"customer":{"x":"b","shop":{"y":1}},"y":2}`, sources: `- - - -`,
			declared: `{"extra":{"customer.x":"b","customer.shop.y":1,"y":2}}`,
		},
		"stored twice": {unknown: "store:extra", record: `{"customer":{"x":"b"},"customer.x":2}`, reasons: "/customer.x duplicate-member"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			unknown := tt.unknown
			if unknown == "" {
				unknown = "reject"
			}
			c, err := collection.Parse("orders", []byte(strings.Replace(sourced, "UNKNOWN", unknown, 1)))
			if err != nil {
				t.Fatal(err)
			}
			r := record.NewReader(c, record.DefaultLimits())
			for range 2 { // the second reading must not depend on the first
				got, pointer, declared := "", "", ""
				_, reasons := r.Read([]byte(tt.record))
				if reasons == nil {
					got, declared = sourceTexts(r), string(r.Declared())
					pointer = r.SourcePointer(0)
				}
				var codes []string
				for _, reason := range reasons {
					codes = append(codes, reason.Pointer+" "+reason.Code)
				}
				want := []string{tt.sources, tt.reasons}
				if diff := cmp.Diff(want, []string{got, strings.Join(codes, ", ")}); diff != "" {
					t.Errorf("sources and reasons of %s (-want +got):\n%s", tt.record, diff)
				}
				if tt.pointer != "" && pointer != tt.pointer {
					t.Errorf("SourcePointer(0) = %s, want %s", pointer, tt.pointer)
				}
				if tt.declared != "" && declared != tt.declared {
					t.Errorf("Declared() = %s, want %s", declared, tt.declared)
				}
			}
		})
	}
}

// sourceTexts returns the values of Sources with a hyphen for each that is absent.
func sourceTexts(r *record.Reader) string {
	var texts []string
	for _, value := range r.Sources() {
		text := "-"
		if value != nil {
			text = value.String()
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " ")
}

func TestUnknownSourceHint(t *testing.T) {
	t.Parallel()
	c, err := collection.Parse("orders", []byte(strings.Replace(sourced, "UNKNOWN", "reject", 1)))
	if err != nil {
		t.Fatal(err)
	}
	_, reasons := record.NewReader(c, record.DefaultLimits()).Read([]byte(`{"Customer.EMail":"a"}`))
	if len(reasons) != 1 || !strings.Contains(reasons[0].Message, `did you mean "customer.email"?`) {
		t.Errorf("reasons = %+v, want one that proposes customer.email", reasons)
	}
}
