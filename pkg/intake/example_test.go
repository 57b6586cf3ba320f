package intake_test

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/intake"
)

// The records of a CSV body are JSON objects with the types of the collection.
func Example() {
	tools, err := collection.Parse("tools", []byte(`{
		"x-longshore": {"table": "tools", "key": ["id"]},
		"type": "object",
		"properties": {"id": {"type": "string"}, "price": {"type": "number"}, "tags": {"type": "array", "items": {"type": "string"}}}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	media, err := intake.Negotiate("text/csv; charset=utf-8", nil, intake.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	limits := intake.Limits{Body: 1 << 30, Record: 1 << 20, Records: 1_000_000, Depth: 32, Ratio: 200}
	body := intake.NewBody(strings.NewReader("id;price;tags\n7;1.50;steel|red\n8;cheap;\n"), limits.Body, nil)
	records, err := intake.Open(body, media, tools, limits)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer records.Close()
	for {
		record, err := records.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(string(record))
	}
	delimiter, _ := records.Delimiter()
	fmt.Println("delimiter:", delimiter)
	// Output:
	// {"id":"7","price":1.50,"tags":["steel","red"]}
	// {"id":"8","price":"cheap"}
	// delimiter: semicolon
}
