package record_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/longshore-io/longshore/pkg/record"
)

// TestReadAgreesWithJSONText compares Read with the reference for drawn records.
func TestReadAgreesWithJSONText(t *testing.T) {
	t.Parallel()
	r, declared := record.NewReader(things(t), tight), declaredBy(t)
	rapid.Check(t, func(t *rapid.T) {
		compare(t, r, declared, []byte(generator{t: t, faulty: true}.record(declared)))
	})
}

// TestReadEveryByte puts every byte at every position of the words that the scanner tests at a
// time.
func TestReadEveryByte(t *testing.T) {
	t.Parallel()
	r, declared := record.NewReader(things(t), tight), declaredBy(t)
	for position := range 18 {
		for c := range 256 {
			raw := []byte(`{"id":"` + "abcdefghijklmnopqr" + `","data":"abcdefghijklm"}`)
			raw[len(`{"id":"`)+position] = byte(c)
			compare(t, r, declared, raw)
		}
	}
}

// FuzzRead compares Read with the reference for any bytes.
func FuzzRead(f *testing.F) {
	seeds := []string{
		``, `{}`, `[]`, `null`, `{"id":1}`, `{"id":1,"id":2}`, `{"x":1}`, benchRecord, `{"data":{"a":1,"\u0061":2}}`,
		`{"id":"\ud83d\ude00\u0000\ud800"}`, "{\"id\":\"\xff\"}", `{"id":-0.10e+400}`, `{"data":[[[[]]]]}`, `{"größe":[true,false,null]}`,
		`{"data":{"1":1,"2":2,"3":3,"4":4,"5":5,"6":6}}`, ` { "id" : [ ] } `,
	}
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	declared := declaredBy(f)
	c := things(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		compare(t, record.NewReader(c, tight), declared, raw)
	})
}
