package collection_test

import (
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
)

func TestRequire(t *testing.T) {
	t.Parallel()
	for list, open := range map[string][]collection.Verb{
		``:                             {collection.Import, collection.Search, collection.Export},
		`"verbs":["import"],`:          {collection.Import},
		`"verbs":["search","export"],`: {collection.Search, collection.Export},
	} {
		t.Run(list, func(t *testing.T) {
			t.Parallel()
			c, err := collection.Parse("books", []byte(strings.Replace(books, `"table"`, list+`"table"`, 1)))
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range []collection.Verb{collection.Import, collection.Search, collection.Export} {
				want := strings.Contains(string(open[0])+","+string(open[len(open)-1]), string(v)) || len(open) == 3
				if err := c.Require(v); (err == nil) != want || err != nil && !fault.Is(err, fault.Forbidden) {
					t.Errorf("Require(%s) = %v, want allowed: %t", v, err, want)
				}
			}
		})
	}
}
