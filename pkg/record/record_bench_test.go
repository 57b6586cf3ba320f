package record_test

import (
	"encoding/json"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/record"
)

// benchRecord has the size of the records of the load tests.
const benchRecord = `{"tool_id":"tool-000001234","tool_name":"Orbital Sander 1234","category":"Power Tools",` +
	`"description":"Random orbit sander with a variable speed dial, a dust box and a soft grip for long work on wood, ` +
	`metal and filler; comes with ten discs and a bag, ready for the next job on the site.","features":["variable speed",` +
	`"dust collection","soft grip"],"url":"https://tools.example.com/catalog/orbital-sander-1234"}`

func BenchmarkRead(b *testing.B) {
	raw := []byte(benchRecord)
	b.Run("Reader", func(b *testing.B) {
		r := record.NewReader(tools(b), record.DefaultLimits())
		b.SetBytes(int64(len(raw)))
		b.ReportAllocs()
		for b.Loop() {
			if _, reasons := r.Read(raw); reasons != nil {
				b.Fatal(reasons)
			}
		}
	})
	b.Run("baseline/jsontext.IsValid", func(b *testing.B) {
		b.SetBytes(int64(len(raw)))
		b.ReportAllocs()
		for b.Loop() {
			if !jsontext.Value(raw).IsValid() {
				b.Fatal("not valid")
			}
		}
	})
	b.Run("baseline/json.Unmarshal", func(b *testing.B) {
		b.SetBytes(int64(len(raw)))
		b.ReportAllocs()
		for b.Loop() {
			var v any
			if err := json.Unmarshal(raw, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}
