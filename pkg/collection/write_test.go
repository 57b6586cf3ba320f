package collection_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/collection"
)

func TestParseWriteOfCollection(t *testing.T) {
	t.Parallel()
	for members, want := range map[string]collection.Writing{
		``:                     {Mode: collection.Replace, OnExisting: collection.RejectExisting},
		`"write":"merge",`:     {Mode: collection.Merge, OnExisting: collection.RejectExisting},
		`"onExisting":"skip",`: {Mode: collection.Replace, OnExisting: collection.SkipExisting},
		`"write":"insert",`:    {Mode: collection.Insert, OnExisting: collection.RejectExisting},
		`"write":"update",`:    {Mode: collection.Update, OnExisting: collection.RejectExisting},
		`"write":"delete",`:    {Mode: collection.Delete, OnExisting: collection.RejectExisting},
	} {
		c, err := collection.Parse("books", []byte(strings.Replace(books, `"table"`, members+`"table"`, 1)))
		if err != nil {
			t.Fatalf("Parse(%s) error: %v", members, err)
		}
		if c.Writing != want {
			t.Errorf("Parse(%s).Writing = %+v, want %+v", members, c.Writing, want)
		}
	}
	for members, want := range map[string]string{
		`"write":"upsert",`:      `x-longshore.write must be replace, merge, insert, update or delete, not "upsert"`,
		`"onExisting":"ignore",`: `x-longshore.onExisting must be reject or skip, not "ignore"`,
	} {
		_, err := collection.Parse("books", []byte(strings.Replace(books, `"table"`, members+`"table"`, 1)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%s) error = %v, want %q", members, err, want)
		}
	}
}

func TestWritingOver(t *testing.T) {
	t.Parallel()
	base := collection.Writing{Mode: collection.Merge, OnExisting: collection.RejectExisting}
	for request, want := range map[string]string{
		`|`:            `{"write":"merge","onExisting":"reject"}`,
		`delete|`:      `{"write":"delete","onExisting":"reject"}`,
		`insert|skip`:  `{"write":"insert","onExisting":"skip"}`,
		`|skip`:        `onExisting needs write=insert`,
		`update|skip`:  `onExisting needs write=insert`,
		`put|`:         `write must be replace, merge, insert, update or delete, not "put"`,
		`insert|maybe`: `onExisting must be reject or skip, not "maybe"`,
	} {
		write, onExisting, _ := strings.Cut(request, "|")
		w, err := collection.ParseWriting("", write, onExisting)
		if err == nil {
			w, err = w.Over(base)
		}
		got, _ := json.Marshal(w)
		if err != nil {
			got = []byte(err.Error())
		}
		if !strings.HasPrefix(string(got), want) {
			t.Errorf("request %s over merge = %s, want %s", request, got, want)
		}
	}
}
