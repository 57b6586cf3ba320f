package schema_test

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/longshore-io/longshore/pkg/record"
)

// benchRecord has the size of the records of the load tests.
const benchRecord = `{"tool_id":"tool-000001234","tool_name":"Orbital Sander 1234","category":"Power Tools",` +
	`"description":"Random orbit sander with a variable speed dial, a dust box and a soft grip for long work on wood, ` +
	`metal and filler; comes with ten discs and a bag, ready for the next job on the site.","features":["variable speed",` +
	`"dust collection","soft grip"],"url":"https://tools.example.com/catalog/orbital-sander-1234"}`

func BenchmarkCheck(b *testing.B) {
	c := tools(b)
	checker := compile(b, c)
	reader := record.NewReader(c, record.DefaultLimits())
	raw := []byte(benchRecord)
	b.Run("Checker", func(b *testing.B) {
		values, _ := reader.Read(raw)
		b.ReportAllocs()
		for b.Loop() {
			if reasons := checker.Check(raw, values); reasons != nil {
				b.Fatal(reasons)
			}
		}
	})
	b.Run("Read+Checker", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(raw)))
		for b.Loop() {
			values, reasons := reader.Read(raw)
			if reasons != nil || checker.Check(raw, values) != nil {
				b.Fatal(reasons)
			}
		}
	})
	b.Run("baseline/decode+library", func(b *testing.B) {
		library := compileWithLibrary(b, c)
		b.ReportAllocs()
		for b.Loop() {
			instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
			if err != nil {
				b.Fatal(err)
			}
			if err := library.Validate(instance); err != nil {
				b.Fatal(err)
			}
		}
	})
}
