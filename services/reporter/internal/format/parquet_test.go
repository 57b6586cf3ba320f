package format_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/services/reporter/internal/format"
)

// thing is a row, declared as a program that reads the file would.
type thing struct {
	ID    *string  `parquet:"id,optional"`
	Count *int64   `parquet:"count,optional"`
	Price *float64 `parquet:"price,optional"`
	Sold  *bool    `parquet:"sold,optional"`
	Tags  []string `parquet:"tags,optional,list"`
	Sizes []int64  `parquet:"sizes,optional,list"`
	Extra *string  `parquet:"extra,optional,json"`
	Any   *string  `parquet:"any,optional,json"`
}

func TestParquet(t *testing.T) {
	t.Parallel()
	out, _ := write(t, report.Parquet, samples...)
	file, err := parquet.OpenFile(bytes.NewReader(out), int64(len(out)))
	if err != nil {
		t.Fatal(err)
	}
	want := `message things {
	optional binary id (STRING);
	optional int64 count (INT(64,true));
	optional double price;
	optional boolean sold;
	optional group tags (LIST) {
		repeated group list {
			required binary element (STRING);
		}
	}
	optional group sizes (LIST) {
		repeated group list {
			required int64 element (INT(64,true));
		}
	}
	optional binary extra (JSON);
	optional binary any (JSON);
}`
	if diff := cmp.Diff(want, file.Schema().String()); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}
	rows, err := parquet.Read[thing](bytes.NewReader(out), int64(len(out)))
	if err != nil {
		t.Fatal(err)
	}
	wantRows := []thing{
		{
			ID: new("a"), Count: new(int64(7)), Price: new(-1.5), Sold: new(true), Tags: []string{"x", `y, "z"`}, Sizes: []int64{1, 2},
			Extra: new(`{"k":[1]}`), Any: new(`"text"`),
		},
		{ID: new("=1+1"), Sold: new(false), Tags: []string{}},
		{ID: new("line\nbreak ü 😀 <&>"), Price: new(3.0), Any: new(`{"deep":null}`)},
	}
	if diff := cmp.Diff(wantRows, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestParquetRejectsUnrepresentableValues(t *testing.T) {
	t.Parallel()
	for record, member := range map[string]string{
		`{"count":9223372036854775808}`: "count", `{"count":1.5}`: "count", `{"count":1e99999999}`: "count",
		`{"price":1e400}`: "price", `{"sold":"yes"}`: "sold", `{"sizes":[1,"x"]}`: "sizes", `{"tags":"x"}`: "tags",
	} {
		t.Run(record, func(t *testing.T) {
			t.Parallel()
			w, err := format.New(report.Parquet, &bytes.Buffer{}, thingsCollection(t), 1)
			if err != nil {
				t.Fatal(err)
			}
			err = w.Write([]byte(record))
			if value, ok := errors.AsType[*format.ValueError](err); !ok || value.Member != member {
				t.Errorf("Write() = %v, want a ValueError of member %q", err, member)
			}
		})
	}
}

func TestParquetIntegers(t *testing.T) {
	t.Parallel()
	out, _ := write(t, report.Parquet, `{"count":1e3}`, `{"count":-9223372036854775808}`, `{"count":2.0}`)
	rows, err := parquet.Read[thing](bytes.NewReader(out), int64(len(out)))
	if err != nil {
		t.Fatal(err)
	}
	want := []thing{{Count: new(int64(1000))}, {Count: new(int64(-9223372036854775808))}, {Count: new(int64(2))}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// TestParquetLimitsRowGroups: a row group is buffered in memory.
func TestParquetLimitsRowGroups(t *testing.T) {
	t.Parallel()
	const records = 120_000
	var out bytes.Buffer
	w, err := format.New(report.Parquet, &out, thingsCollection(t), records)
	if err != nil {
		t.Fatal(err)
	}
	for i := range records {
		if err := w.Write(fmt.Appendf(nil, `{"id":"r%d","tags":["a","b"]}`, i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil || file.NumRows() != records || len(file.RowGroups()) != 2 {
		t.Errorf("file = %d rows in %d groups, %v, want %d in 2", file.NumRows(), len(file.RowGroups()), err, records)
	}
}
