package corpus_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/longshore-io/longshore/e2e/bench/internal/corpus"
	"github.com/longshore-io/longshore/pkg/collectiontest"
)

const sampled = 20_000

// records returns the first n lines of a source.
func records(seed uint64, order corpus.Order, n int) [][]byte {
	source := corpus.New(seed, order)
	lines := make([][]byte, n)
	for i := range lines {
		lines[i] = source.AppendRecord(nil, i)
	}
	return lines
}

func TestAppendRecordIsValid(t *testing.T) {
	t.Parallel()
	schema := toolsSchema(t)
	for i, line := range records(1, corpus.Random, sampled) {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err != nil {
			t.Fatalf("record %d: %v\n%s", i, err, line)
		}
		if err := schema.Validate(value); err != nil {
			t.Fatalf("record %d: %v\n%s", i, err, line)
		}
		if !utf8.Valid(line) || bytes.IndexByte(line, '\n') != len(line)-1 {
			t.Fatalf("record %d = %q, want one line of UTF-8", i, line)
		}
	}
}

func toolsSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	tools := collectiontest.Shipped(t).MustGet(t, "tools")
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(tools.Schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("tools.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("tools.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestAppendRecordSize(t *testing.T) {
	t.Parallel()
	total, plain := 0, 0
	for _, line := range records(2, corpus.Random, sampled) {
		total += len(line)
		if len(line) == utf8.RuneCount(line) {
			plain++
		}
	}
	if mean := float64(total) / sampled; mean < 370 || mean > 390 {
		t.Errorf("mean size = %.1f bytes, want 370 to 390", mean)
	}
	if share := float64(plain) / sampled; share < 0.3 || share > 0.9 {
		t.Errorf("share of ASCII records = %.2f, want 0.3 to 0.9", share)
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	tests := map[corpus.Order]bool{corpus.Sorted: true, corpus.Random: false}
	for order, sorted := range tests {
		t.Run(string(order), func(t *testing.T) {
			t.Parallel()
			keys := keysOf(t, records(3, order, sampled))
			if got := slices.IsSorted(keys); got != sorted {
				t.Errorf("keys are sorted = %v, want %v", got, sorted)
			}
			slices.Sort(keys)
			if unique := len(slices.Compact(keys)); unique != sampled {
				t.Errorf("unique keys = %d, want %d", unique, sampled)
			}
		})
	}
}

func keysOf(t *testing.T, lines [][]byte) []string {
	t.Helper()
	keys := make([]string, len(lines))
	for i, line := range lines {
		var tool struct {
			ID string `json:"tool_id"`
		}
		if err := json.Unmarshal(line, &tool); err != nil {
			t.Fatal(err)
		}
		keys[i] = tool.ID
	}
	return keys
}

func TestAppendRecordIsDeterministic(t *testing.T) {
	t.Parallel()
	first, second := records(4, corpus.Random, 100), records(4, corpus.Random, 100)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("records of the same seed (-first +second):\n%s", diff)
	}
	if got := corpus.New(4, corpus.Random).AppendRecord(nil, 57); !bytes.Equal(got, first[57]) {
		t.Errorf("record 57 alone = %s, want %s as after the others", got, first[57])
	}
	// The results of different versions are comparable only if the records stay the same.
	const want = "cad000a60488205968f8da7fe20e695b3e0194e010cc5119ef82a95c5c0bf9b1"
	if got := fmt.Sprintf("%x", sha256.Sum256(bytes.Join(first, nil))); got != want {
		t.Errorf("SHA-256 of the first 100 records = %s, want %s", got, want)
	}
	if other := records(5, corpus.Random, 1); bytes.Equal(other[0], first[0]) {
		t.Error("the records of two seeds are equal")
	}
}

func TestWriteFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "records.ndjson")
	size, err := corpus.New(6, corpus.Sorted).WriteFile(t.Context(), path, 300)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := bytes.Join(records(6, corpus.Sorted, 300), nil); !bytes.Equal(content, want) {
		t.Error("the file does not contain the records of the source")
	}
	if size != int64(len(content)) {
		t.Errorf("WriteFile() = %d, want %d", size, len(content))
	}
}
