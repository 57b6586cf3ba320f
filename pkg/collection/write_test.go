package collection_test

import (
	"encoding/json"
	"fmt"
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
		if want.Unknown = collection.RejectUnknown; c.Writing != want {
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
		w, err := collection.ParseWriting("", write, onExisting, "")
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

// TestUnknownMembers: what happens to undeclared members is said by the request, by x-longshore or by
// additionalProperties, in this order.
func TestUnknownMembers(t *testing.T) {
	t.Parallel()
	const file = `{"x-longshore":{"table":"t","key":["id"]%s},"properties":{"id":{},"extra":{}}%s}`
	for name, tt := range map[string]struct{ options, keyword, request, want string }{
		"nothing":       {"", "", "", "reject"},
		"closed":        {"", `,"additionalProperties":false`, "", "reject"},
		"open":          {"", `,"additionalProperties":true`, "", "ignore"},
		"with a schema": {"", `,"additionalProperties":{"type":"string"}`, "", "ignore"},
		"option":        {`,"unknownMembers":"store:extra"`, `,"additionalProperties":false`, "", "store:extra"},
		"request":       {`,"unknownMembers":"ignore"`, "", "reject", "reject"},
		"stored":        {"", "", "store:extra", "store:extra"},
		"lost":          {"", "", "store:lost", `names the member "lost"`},
		"lost option":   {`,"unknownMembers":"store:lost"`, "", "", `names the member "lost"`},
		"word":          {"", "", "keep", "must be reject, ignore or store:"},
		"no member":     {"", "", "store:", "must be reject, ignore or store:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			c, err := collection.Parse("things", fmt.Appendf(nil, file, tt.options, tt.keyword))
			if err == nil {
				var w collection.Writing
				if w, err = collection.ParseWriting("", "", "", tt.request); err == nil {
					w, err = c.WritingFor(w)
					got = string(w.Unknown)
				}
			}
			if err != nil {
				got = err.Error()
			}
			if got != tt.want && (err == nil || !strings.Contains(got, tt.want)) {
				t.Errorf("unknown members of %s and the request %q = %s, want %s", fmt.Sprintf(file, tt.options, tt.keyword), tt.request, got, tt.want)
			}
		})
	}
}
