package chunk_test

import (
	"fmt"

	"github.com/longshore-io/longshore/pkg/chunk"
)

// Records are packed into chunks, stored, and read back by a worker.
func Example() {
	packer := chunk.NewPacker(2, 1<<20)
	var chunks []chunk.Chunk
	for _, record := range []string{`{"id":1}`, `{"id":2}`, `{"id":3}`} {
		if packer.Add([]byte(record)) {
			chunks = append(chunks, packer.Cut())
		}
	}
	chunks = append(chunks, packer.Cut())

	var opener chunk.Opener
	for _, c := range chunks {
		records, err := opener.Open(c.Payload, c.Rows)
		if err != nil {
			fmt.Println(err)
			return
		}
		for i, record := range records {
			fmt.Printf("chunk %d, row %d: %s\n", c.Seq, c.FirstRow+i, record)
		}
	}
	// Output:
	// chunk 0, row 1: {"id":1}
	// chunk 0, row 2: {"id":2}
	// chunk 1, row 3: {"id":3}
}
