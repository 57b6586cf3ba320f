package format_test

import (
	"bytes"
	"testing"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/services/reporter/internal/format"
)

const things = `{"x-longshore":{"table":"things","key":["id"]},"type":"object","properties":{
  "id":{"type":"string"},"count":{"type":["integer","null"]},"price":{"type":"number"},"sold":{"type":"boolean"},
  "tags":{"type":"array","items":{"type":"string"}},"sizes":{"type":"array","items":{"type":"integer"}},
  "extra":{"type":"object"},"any":{}}}`

func thingsCollection(t *testing.T) *collection.Collection {
	t.Helper()
	c, err := collection.Parse("things", []byte(things))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// write returns the file of the records, and its writer.
func write(t *testing.T, f report.Format, records ...string) ([]byte, format.Writer) {
	t.Helper()
	var out bytes.Buffer
	w, err := format.New(f, &out, thingsCollection(t), int64(len(records)))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := w.Write([]byte(r)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), w
}

// samples are records with values that are difficult for a format.
var samples = []string{
	`{"id":"a","count":7,"price":-1.5,"sold":true,"tags":["x","y, \"z\""],"sizes":[1,2],"extra":{"k":[1]},"any":"text"}`,
	`{"id":"=1+1","count":null,"sold":false,"tags":[],"undeclared":1}`,
	`{"any":{"deep":null},"id":"line\nbreak \u00fc \ud83d\ude00 <&>","price":3}`,
}
