package e2e_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"io"
	"testing"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/unicode"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// TestFormats imports the same tools in every supported format. The rows must be the same.
func TestFormats(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	tools := tool.Sample()
	tools[0].Features = []string{"a|b", "c; d, e", `say "f"`}
	tools[1].Description = "two\nlines\tand a tab; ümlaut, 漢字 🛠"
	tools[2].Features, tools[2].URL = nil, ""
	array := tool.JSON(tools...)
	of := func(i int) tool.Tool { return tools[i] }
	lines := tool.NDJSON(len(tools), of)
	const jsonType, ndjsonType, csvType = "application/json", "application/x-ndjson", "text/csv"
	tests := []struct {
		name      string
		body      client.RequestBody
		delimiter string
	}{
		{"array", client.RequestBody{Type: jsonType, Content: array}, ""},
		{"data", client.RequestBody{Type: jsonType, Content: join(`{"data":`, array, `}`)}, ""},
		{
			"data_after_other_members",
			client.RequestBody{Type: jsonType, Content: join(`{"source":{"data":[1,[2]]},"n":[{}],"data":`, array, `,"end":null}`)},
			"",
		},
		{"json_with_charset", client.RequestBody{Type: "application/json; charset=UTF-8", Content: array}, ""},
		{"json_with_byte_order_mark", client.RequestBody{Type: jsonType, Content: join("\ufeff", array, "")}, ""},
		{"ndjson", client.RequestBody{Type: ndjsonType, Content: lines}, ""},
		{"ndjson_crlf_blank_lines", client.RequestBody{Type: ndjsonType, Content: bytes.ReplaceAll(lines, []byte("\n"), []byte("\r\n\r\n"))}, ""},
		{"ndjson_without_final_newline", client.RequestBody{Type: ndjsonType, Content: bytes.TrimSpace(lines)}, ""},
		{"csv_comma", client.RequestBody{Type: csvType, Content: tool.CSV(',', tools...)}, "comma"},
		{"csv_semicolon", client.RequestBody{Type: csvType, Content: tool.CSV(';', tools...)}, "semicolon"},
		{"csv_tab", client.RequestBody{Type: csvType, Content: tool.CSV('\t', tools...)}, "tab"},
		{"csv_with_byte_order_mark", client.RequestBody{Type: csvType, Content: join("\ufeff", tool.CSV(',', tools...), "")}, "comma"},
		{"csv_utf16", client.RequestBody{Type: csvType, Content: utf16LE(t, tool.CSV('\t', tools...))}, "tab"},
		{"csv_gzip_undeclared", client.RequestBody{Content: gzipped(t, tool.CSV(';', tools...))}, "semicolon"},
		{"csv_in_zip", client.RequestBody{Type: "application/zip", Content: zipped(t, "tools.csv", tool.CSV(',', tools...))}, ""},
		{"untyped", client.RequestBody{Content: array}, ""},
		{"csv_gzip", client.RequestBody{Type: csvType, Encoding: "gzip", Content: gzipped(t, tool.CSV(',', tools...))}, "comma"},
		{"json_gzip", client.RequestBody{Type: jsonType, Encoding: "gzip", Content: gzipped(t, array)}, ""},
		{"json_zstd", client.RequestBody{Type: jsonType, Encoding: "zstd", Content: zstandard(t, array)}, ""},
		{"ndjson_zstd", client.RequestBody{Type: ndjsonType, Encoding: "zstd", Content: zstandard(t, lines)}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := s.WithTB(t)
			s.Exec(`TRUNCATE xforce.tools`)
			op := s.Submit("tools", test.body)
			if op.Delimiter != test.delimiter {
				t.Errorf("got csv_delimiter %q, want %q", op.Delimiter, test.delimiter)
			}
			expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 5, Created: 5, Imported: 5})
			expectTools(t, s, tools)
		})
	}
}

func join(before string, middle []byte, after string) []byte {
	return bytes.Join([][]byte{[]byte(before), middle, []byte(after)}, nil)
}

func gzipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var compressed bytes.Buffer
	return compress(t, gzip.NewWriter(&compressed), &compressed, content)
}

// utf16LE returns a text in UTF-16 with a byte order mark.
func utf16LE(t *testing.T, content []byte) []byte {
	t.Helper()
	out, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes(content)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// zipped returns a zip file with one entry.
func zipped(t *testing.T, name string, content []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	entry, err := archive.Create(name)
	if err == nil {
		_, err = entry.Write(content)
	}
	if err == nil {
		err = archive.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstandard(t *testing.T, content []byte) []byte {
	t.Helper()
	var compressed bytes.Buffer
	w, err := zstd.NewWriter(&compressed)
	if err != nil {
		t.Fatal(err)
	}
	return compress(t, w, &compressed, content)
}

// compress writes the content to w, which writes to compressed.
func compress(t *testing.T, w io.WriteCloser, compressed *bytes.Buffer, content []byte) []byte {
	t.Helper()
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return compressed.Bytes()
}

// withoutLastColumns removes the last n columns of a CSV table.
func withoutLastColumns(t *testing.T, table []byte, n int) []byte {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(table)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		rows[i] = row[:len(row)-n]
	}
	var cut bytes.Buffer
	if err := csv.NewWriter(&cut).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return cut.Bytes()
}
