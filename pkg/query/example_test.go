package query_test

import (
	"encoding/json"
	"fmt"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/query"
)

// A query is checked against the collection that it searches.
func Example() {
	tools, err := collection.Parse("tools", []byte(`{
		"x-longshore": {"table": "tools", "key": ["id"]},
		"type": "object",
		"properties": {"id": {"type": "string"}, "price": {"type": "number"}}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	q, err := query.Parse(json.RawMessage(`{"query": "red", "filter": {"price": {"lt": 9}}, "sort": ["-price"]}`), tools, 1000)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("text %q, sort %v, limit %d\n", q.Text, q.Sort, q.Limit)
	for _, c := range q.Filter {
		fmt.Printf("%s %s %s\n", c.Member, c.Op, c.Values)
	}
	_, err = query.Parse(json.RawMessage(`{"sort": ["colour"]}`), tools, 1000)
	fmt.Println(err)
	// Output:
	// text "red", sort [-price], limit 100
	// price lt [9]
	// invalid-query: sort names "colour", which collection tools does not have. It has id, price.
}
