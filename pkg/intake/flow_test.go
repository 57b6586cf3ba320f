package intake_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/intake"
)

// tool is a record of 380 bytes.
var tool = `{"id":"tool-000001","size":123456,"sold":true,"any":"` + strings.Repeat("An adjustable wrench. ", 14) + `","tags":["a","b"]}`

// endless repeats a text until a number of bytes is reached, without ever holding it.
type endless struct {
	head, record, tail string
	times              int
	rest               string
}

func (e *endless) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if e.rest == "" && !e.refill() {
			return n, io.EOF
		}
		copied := copy(p[n:], e.rest)
		n += copied
		e.rest = e.rest[copied:]
	}
	return n, nil
}

func (e *endless) refill() bool {
	switch {
	case e.head != "":
		e.rest, e.head = e.head, ""
	case e.times > 0:
		e.rest = e.record
		e.times--
	case e.tail != "":
		e.rest, e.tail = e.tail, ""
	}
	return e.rest != ""
}

// flows are bodies of the three formats.
var flows = []struct{ name, contentType, head, record, tail string }{
	{"json", "application/json", `{"data":[`, tool + ",\n", tool + "]}"},
	{"ndjson", "application/x-ndjson", "", tool + "\n", ""},
	{"csv", "text/csv", "id,size,sold,any,tags\n", "tool-000001,123456,true,\"" + strings.Repeat("An adjustable wrench. ", 14) + "\",a|b\n", ""},
}

// TestMemoryStaysFlat splits 200 MB of each format. It does not run in parallel with other tests, because
// what is allocated is counted for the whole process.
func TestMemoryStaysFlat(t *testing.T) {
	limits := intake.DefaultLimits()
	allowed := map[string]int{"json": perRecord, "ndjson": perRecord, "csv": perTableRow}
	for _, flow := range flows {
		t.Run(flow.name, func(t *testing.T) {
			times := flowSize / len(flow.record)
			body := &endless{head: flow.head, record: flow.record, tail: flow.tail, times: times}
			r, err := intake.Open(body, media(t, flow.contentType), thingsCollection(t), limits)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			begin := memory()
			var live uint64
			for rows := 0; ; rows++ {
				if _, err := r.Next(); err != nil {
					if !errors.Is(err, io.EOF) {
						t.Fatal(err)
					}
					break
				}
				if rows == times-2 {
					live = memory().HeapAlloc
				}
			}
			end := memory()
			if took := int(end.TotalAlloc-begin.TotalAlloc) / times; took > allowed[flow.name] {
				t.Errorf("%d bytes were allocated for each record, allowed are %d", took, allowed[flow.name])
			}
			if live > begin.HeapAlloc+1<<20 {
				t.Errorf("%d bytes are held after %d records, %d were before", live, times, begin.HeapAlloc)
			}
			t.Logf("%d records: %d bytes allocated, %d held at first, %d at last", times, end.TotalAlloc-begin.TotalAlloc, begin.HeapAlloc, live)
		})
	}
}

// TestHostileBodiesCostLittle sends megabytes of what never becomes a record.
func TestHostileBodiesCostLittle(t *testing.T) {
	limits := intake.DefaultLimits()
	for _, test := range []struct {
		name, contentType, code string
		body                    endless
	}{
		{"brackets", "application/json", "too-deep", endless{record: "[", times: 50 << 20}},
		{"braces", "application/json", "too-deep", endless{head: "[", record: `{"a":`, times: 50 << 20}},
		{"brackets-in-a-line", "application/x-ndjson", "too-deep", endless{record: "[", times: 50 << 20}},
		{"deep-and-wide", "application/json", "too-deep", endless{head: strings.Repeat("[", 5000), record: "1,", times: 50 << 20}},
		{"string", "application/json", "record-too-large", endless{head: `["`, record: "xxxxxxxx", times: 50 << 20}},
		{"string-beside", "application/json", "record-too-large", endless{head: `{"x":"`, record: "xxxxxxxx", times: 50 << 20}},
		{"number", "application/json", "record-too-large", endless{head: `[1`, record: "00000000", times: 50 << 20}},
		{"space", "application/json", "record-too-large", endless{head: `[1`, record: "\n", times: 50 << 20}},
		{"line", "application/x-ndjson", "record-too-large", endless{head: `"`, record: "xxxxxxxx", times: 50 << 20}},
		{"cell", "text/csv", "record-too-large", endless{head: "id\n\"", record: "xxxxxxx\n", times: 50 << 20}},
		{"header", "text/csv", "record-too-large", endless{record: "x,", times: 50 << 20}},
		{"blank-lines", "text/csv", "record-too-large", endless{head: "id\n", record: "\n", times: 50 << 20}},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := memory()
			records, err := split(t, &test.body, media(t, test.contentType), limits)
			took := memory().TotalAlloc - before.TotalAlloc
			if p := problemOf(t, err); p == nil || p.Code != test.code || len(records) > 1 {
				t.Errorf("got %d records and %v, want the fault %s", len(records), err, test.code)
			}
			// The most is taken by a row of empty cells, for each of which encoding/csv keeps 40 bytes.
			if allowed := uint64(100 * limits.Record); took > allowed {
				t.Errorf("%d bytes were allocated, allowed are %d", took, allowed)
			}
			t.Logf("%d bytes allocated", took)
		})
	}
}

// TestLongBodies puts a fault behind records of all sizes, so that they begin and end anywhere in the buffers.
func TestLongBodies(t *testing.T) {
	t.Parallel()
	var want []string
	for size := 1; size < 400; size++ { // an empty cell would be an absent member
		want = append(want, fmt.Sprintf(`{"id":"%d","any":%q}`, size, strings.Repeat("é", size*(size%7+1))))
	}
	for contentType, body := range map[string]string{
		"application/json":     "{\r\n\"data\": [" + strings.Join(want, ",\r\n  ") + "\r\n}",
		"application/x-ndjson": strings.Join(want, "\r\n") + "\r\n}",
		"text/csv":             "id,any\r\n" + csvOf(want) + "\"",
	} {
		for reading, from := range readings(body) {
			got, err := split(t, from, media(t, contentType), intake.DefaultLimits())
			if !slices.Equal(got, want) {
				t.Errorf("%s, %s: got %d records, want %d, or they differ", contentType, reading, len(got), len(want))
			}
			before := body[:len(body)-1]
			details := fault.Of(err).Details
			if details["offset"] != int64(len(before)) || details["line"] != 1+strings.Count(before, "\n") ||
				details["column"] != int64(len(before)-strings.LastIndexByte(before, '\n')) {
				t.Errorf("%s, %s: the fault lies at %v", contentType, reading, details)
			}
		}
	}
}

// csvOf makes rows of records that hold two strings.
func csvOf(records []string) string {
	var rows strings.Builder
	for _, record := range records {
		cells := strings.TrimSuffix(strings.TrimPrefix(record, `{"id":`), "}")
		rows.WriteString(strings.Replace(cells, `"any":`, "", 1) + "\r\n")
	}
	return rows.String()
}

// TestDribbledRecord sends a large record byte by byte. If the parsers saw each byte alone, they would look a
// million times at what they hold, and this would take half a minute.
func TestDribbledRecord(t *testing.T) {
	t.Parallel()
	limits := intake.DefaultLimits()
	body := iotest.OneByteReader(strings.NewReader(`"` + strings.Repeat("x", limits.Record-2) + `"`))
	begin := time.Now()
	records, err := split(t, body, media(t, "application/x-ndjson"), limits)
	if len(records) != 1 || !errors.Is(err, io.EOF) {
		t.Errorf("got %d records and %v, want one", len(records), err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

func memory() (stats runtime.MemStats) {
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats
}

func BenchmarkSplit(b *testing.B) {
	const times = 100_000
	for _, flow := range flows {
		b.Run(flow.name, func(b *testing.B) {
			m, c, limits := media(b, flow.contentType), thingsCollection(b), intake.DefaultLimits()
			b.SetBytes(int64(times * len(flow.record)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := intake.Open(&endless{head: flow.head, record: flow.record, tail: flow.tail, times: times}, m, c, limits)
				if err != nil {
					b.Fatal(err)
				}
				for err == nil {
					_, err = r.Next()
				}
				if !errors.Is(err, io.EOF) {
					b.Fatal(err)
				}
				r.Close()
			}
		})
	}
	b.Run("bare-jsontext", func(b *testing.B) {
		b.SetBytes(int64(times * (len(tool) + 1)))
		b.ReportAllocs()
		for b.Loop() {
			decoder := jsontext.NewDecoder(&endless{record: tool + "\n", times: times}, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
			var err error
			for err == nil {
				_, err = decoder.ReadValue()
			}
			if !errors.Is(err, io.EOF) {
				b.Fatal(err)
			}
		}
	})
}
