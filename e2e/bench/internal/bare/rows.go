package bare

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
)

// columns are the table's, in the order of a row's values. The last two are those that Longshore writes with every record.
var columns = []string{"tool_id", "tool_name", "category", "description", "features", "url", "import_number", "import_row"}

// keyColumn is the place of the key among the columns.
const keyColumn = 0

// importNumber stands for the number of an import.
const importNumber = int64(1)

// tool is a record of the collection that ships with Longshore; the pointers are the members that may be absent.
type tool struct {
	ID          string   `json:"tool_id"`
	Name        string   `json:"tool_name"`
	Category    string   `json:"category"`
	Description *string  `json:"description"`
	Features    []string `json:"features"`
	URL         *string  `json:"url"`
}

// reader reads NDJSON as rows for COPY.
type reader struct {
	lines *bufio.Reader
	row   int32
}

// readBuffer holds some thousand lines; a line longer than it is an error, because no generated record is.
const readBuffer = 1 << 20

func newReader(in io.Reader) *reader { return &reader{lines: bufio.NewReaderSize(in, readBuffer)} }

// read returns the next rows, at most n, and none at the end.
func (r *reader) read(n int) ([][]any, error) {
	rows := make([][]any, 0, n)
	for len(rows) < n {
		line, err := r.lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading line %d: %w", r.row+1, err)
		}
		values, err := r.parse(line)
		if err != nil {
			return nil, fmt.Errorf("reading line %d: %w", r.row, err)
		}
		rows = append(rows, values)
	}
	return rows, nil
}

func (r *reader) parse(line []byte) ([]any, error) {
	r.row++
	var t tool
	if err := json.Unmarshal(line, &t); err != nil {
		return nil, err
	}
	return []any{t.ID, t.Name, t.Category, t.Description, t.Features, t.URL, importNumber, r.row}, nil
}
