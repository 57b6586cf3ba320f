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

// stream reads head, then record a number of times, then tail, without storing all of it.
type stream struct {
	head, record, tail string
	times              int
	rest               string
}

func (s *stream) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if s.rest == "" && !s.refill() {
			return n, io.EOF
		}
		copied := copy(p[n:], s.rest)
		n += copied
		s.rest = s.rest[copied:]
	}
	return n, nil
}

func (s *stream) refill() bool {
	switch {
	case s.head != "":
		s.rest, s.head = s.head, ""
	case s.times > 0:
		s.rest = s.record
		s.times--
	case s.tail != "":
		s.rest, s.tail = s.tail, ""
	}
	return s.rest != ""
}

// streams are large bodies of the three formats.
var streams = []struct{ name, contentType, head, record, tail string }{
	{"json", "application/json", `{"data":[`, tool + ",\n", tool + "]}"},
	{"ndjson", "application/x-ndjson", "", tool + "\n", ""},
	{
		"csv", "text/csv", "id,size,sold,any,tags\n",
		"tool-000001,123456,true,\"" + strings.Repeat("An adjustable wrench. ", 14) + "\",a|b\n", "",
	},
	{
		"csv-in-windows-1252", "text/csv; charset=windows-1252", "id,size,sold,any,tags\r",
		"tool-000001,123456,true,\"" + strings.Repeat("Ein Schl\xfcssel. ", 18) + "\",a|b\r", "",
	},
}

// TestMemory checks that memory does not grow with the body. It does not run in parallel with other
// tests, because allocations are counted for the whole process.
func TestMemory(t *testing.T) {
	limits := intake.DefaultLimits()
	allowed := map[string]int{"json": maxPerRecord, "ndjson": maxPerRecord, "csv": maxPerRow, "csv-in-windows-1252": maxPerRow}
	for _, tt := range streams {
		t.Run(tt.name, func(t *testing.T) {
			times := flowSize / len(tt.record)
			body := &stream{head: tt.head, record: tt.record, tail: tt.tail, times: times}
			r, err := intake.Open(newBody(body, limits), media(t, tt.contentType), thingsCollection(t), limits)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			start := memory()
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
			if got := int(end.TotalAlloc-start.TotalAlloc) / times; got > allowed[tt.name] {
				t.Errorf("allocated %d bytes per record, want at most %d", got, allowed[tt.name])
			}
			if live > start.HeapAlloc+1<<20 {
				t.Errorf("heap after %d records = %d bytes, want about the %d bytes of the start", times, live, start.HeapAlloc)
			}
			t.Logf("%d records: %d bytes allocated, heap of %d bytes at the start and %d at the end", times, end.TotalAlloc-start.TotalAlloc,
				start.HeapAlloc, live)
		})
	}
}

// TestHostileBodies reads megabytes that never become a record.
func TestHostileBodies(t *testing.T) {
	limits := intake.DefaultLimits()
	for _, tt := range []struct {
		name, contentType, code string
		body                    stream
	}{
		{"brackets", "application/json", "too-deep", stream{record: "[", times: 50 << 20}},
		{"braces", "application/json", "too-deep", stream{head: "[", record: `{"a":`, times: 50 << 20}},
		{"brackets-in-a-line", "application/x-ndjson", "too-deep", stream{record: "[", times: 50 << 20}},
		{"deep-and-wide", "application/json", "too-deep", stream{head: strings.Repeat("[", 5000), record: "1,", times: 50 << 20}},
		{"string", "application/json", "record-too-large", stream{head: `["`, record: "xxxxxxxx", times: 50 << 20}},
		{"string-in-other-member", "application/json", "record-too-large", stream{head: `{"x":"`, record: "xxxxxxxx", times: 50 << 20}},
		{"number", "application/json", "record-too-large", stream{head: `[1`, record: "00000000", times: 50 << 20}},
		{"space", "application/json", "record-too-large", stream{head: `[1`, record: "\n", times: 50 << 20}},
		{"line", "application/x-ndjson", "record-too-large", stream{head: `"`, record: "xxxxxxxx", times: 50 << 20}},
		{"cell", "text/csv", "record-too-large", stream{head: "id\n\"", record: "xxxxxxx\n", times: 50 << 20}},
		{"header", "text/csv", "record-too-large", stream{record: "x,", times: 50 << 20}},
		{"blank-lines", "text/csv", "no-records", stream{head: "id\n", record: "\n", times: 50 << 20}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := memory()
			records, err := readAll(t, &tt.body, media(t, tt.contentType), limits)
			allocated := memory().TotalAlloc - before.TotalAlloc
			if p := problemOf(t, err); p == nil || p.Code != tt.code || len(records) > 1 {
				t.Errorf("got %d records and %v, want at most one and the fault %s", len(records), err, tt.code)
			}
			// A row of empty cells allocates the most: encoding/csv needs 40 bytes for each.
			if limit := uint64(100 * limits.Record); allocated > limit {
				t.Errorf("allocated %d bytes, want at most %d", allocated, limit)
			}
			t.Logf("allocated %d bytes", allocated)
		})
	}
}

// TestLongBodies reads records of many sizes, which begin and end anywhere in the buffers, and an
// error after them.
func TestLongBodies(t *testing.T) {
	t.Parallel()
	var want []string
	for size := 1; size < 400; size++ { // from 1, because an empty cell is an absent member
		want = append(want, fmt.Sprintf(`{"id":"%d","any":%q}`, size, strings.Repeat("é", size*(size%7+1))))
	}
	for contentType, body := range map[string]string{
		"application/json":     "{\r\n\"data\": [" + strings.Join(want, ",\r\n  ") + "\r\n}",
		"application/x-ndjson": strings.Join(want, "\r\n") + "\r\n}",
		"text/csv":             "id,any\r\n" + csvOf(want) + "\"",
	} {
		for name, reader := range readers(body) {
			got, err := readAll(t, reader, media(t, contentType), intake.DefaultLimits())
			if !slices.Equal(got, want) {
				t.Errorf("%s, reader %s: records differ: got %d, want %d", contentType, name, len(got), len(want))
			}
			before := body[:len(body)-1]
			details := fault.Of(err).Details
			if details["offset"] != int64(len(before)) || details["line"] != 1+strings.Count(before, "\n") ||
				details["column"] != int64(len(before)-strings.LastIndexByte(before, '\n')) {
				t.Errorf("%s, reader %s: location = %v, want that of the last byte", contentType, name, details)
			}
		}
	}
}

// csvOf converts records with two strings to CSV rows.
func csvOf(records []string) string {
	var rows strings.Builder
	for _, record := range records {
		cells := strings.TrimSuffix(strings.TrimPrefix(record, `{"id":`), "}")
		rows.WriteString(strings.Replace(cells, `"any":`, "", 1) + "\r\n")
	}
	return rows.String()
}

// TestRecordByteByByte reads a large record byte by byte. If the parsers received each byte alone,
// they would scan the record a million times, which takes half a minute.
func TestRecordByteByByte(t *testing.T) {
	t.Parallel()
	limits := intake.DefaultLimits()
	body := iotest.OneByteReader(strings.NewReader(`"` + strings.Repeat("x", limits.Record-2) + `"`))
	start := time.Now()
	records, err := readAll(t, body, media(t, "application/x-ndjson"), limits)
	if len(records) != 1 || !errors.Is(err, io.EOF) {
		t.Errorf("got %d records and %v, want 1 and io.EOF", len(records), err)
	}
	if elapsed := time.Since(start); elapsed > 20*time.Second {
		t.Errorf("reading took %s, want at most 20 s", elapsed)
	}
}

func memory() (stats runtime.MemStats) {
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats
}

func BenchmarkReader(b *testing.B) {
	const times = 100_000
	for _, tt := range streams {
		b.Run(tt.name, func(b *testing.B) {
			m, c, limits := media(b, tt.contentType), thingsCollection(b), intake.DefaultLimits()
			b.SetBytes(int64(times * len(tt.record)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := intake.Open(newBody(&stream{head: tt.head, record: tt.record, tail: tt.tail, times: times}, limits), m, c, limits)
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
			decoder := jsontext.NewDecoder(&stream{record: tool + "\n", times: times}, jsontext.AllowDuplicateNames(true),
				jsontext.AllowInvalidUTF8(true))
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
