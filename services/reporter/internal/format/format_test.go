package format_test

import (
	"bytes"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/services/reporter/internal/format"
)

// TestNewAcceptsAnyMemberName: a member can have any name that a column of Postgres can have.
func TestNewAcceptsAnyMemberName(t *testing.T) {
	t.Parallel()
	c, err := collection.Parse("odd", []byte(`{"x-longshore":{"table":"odd","key":["a,b"]},"properties":{
  "a,b":{"type":"string"},"c.d":{"type":"array","items":{"type":"integer"}},"e f\"<&>":{"type":"integer"},"=g":{"type":"string"},"ü":{},"1":{},"type":{},"":{}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Records.Formats() {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			w, err := format.New(f, &out, c, 1)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Write([]byte(`{"a,b":"x","c.d":[7],"e f\"<&>":5,"=g":"y","ü":1,"1":2,"type":3,"":4}`)); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			const want = `e f"<&>`
			switch f {
			case report.Parquet:
				file, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
				if err != nil || file.NumRows() != 1 {
					t.Fatalf("rows = %d, %v, want 1", file.NumRows(), err)
				}
				if got := file.Schema().Fields()[2].Name(); got != want {
					t.Errorf("third column = %q, want %q", got, want)
				}
			case report.XLSX:
				if got, err := open(t, out.Bytes()).GetCellValue("odd", "C1"); err != nil || got != want {
					t.Errorf("cell C1 = %q, %v, want %q", got, err, want)
				}
			default:
			}
		})
	}
}
