package format_test

import (
	"bytes"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/services/reporter/internal/format"
)

// Members may be called what columns of Postgres may be called.
func TestAnyNameOfAMemberIsTaken(t *testing.T) {
	t.Parallel()
	c, err := collection.Parse("odd", []byte(`{"x-longshore":{"table":"odd","key":["a,b"]},"properties":{
  "a,b":{"type":"string"},"c.d":{"type":"array","items":{"type":"integer"}},"e f\"<&>":{"type":"integer"},"=g":{"type":"string"},"ü":{},"1":{},"type":{},"":{}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Records.Formats() {
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
		switch f {
		case report.Parquet:
			file, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
			if err != nil || file.NumRows() != 1 || file.Schema().Fields()[2].Name() != `e f"<&>` {
				t.Errorf("%v", err)
			}
		case report.XLSX:
			book, err := excelize.OpenReader(&out)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := book.GetCellValue("odd", "C1"); got != `e f"<&>` || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		default:
		}
	}
}
