package intake_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/intake"
)

// fileTest is a file as people have it, and what is read from it.
type fileTest struct {
	name, contentType string
	options           intake.Options
	body              string
	// records and answer are the records and the message of the error after them; an empty answer means that there is
	// none.
	records []string
	answer  string
}

var twoRows = []string{`{"id":"a","size":1}`, `{"id":"b","size":2}`}

// utf16 encodes a text in UTF-16 of either order.
func utf16(text string, little bool) string {
	var out strings.Builder
	for _, r := range text { // characters beyond U+FFFF are not in the tests that use it
		high, low := byte(r>>8), byte(r)
		if little {
			high, low = low, high
		}
		out.WriteByte(high)
		out.WriteByte(low)
	}
	return out.String()
}

const (
	notImported = " Nothing was imported."
	readTypes   = " Longshore reads application/json, application/x-ndjson, text/csv, text/tab-separated-values and XLSX workbooks."
	needsNames  = " Each column needs a name of its own, that of a member."
)

func TestFiles(t *testing.T) {
	t.Parallel()
	limits := intake.Limits{Body: 4 << 20, Record: 1000, Records: 100, Depth: 10, Ratio: 200}
	for _, tests := range [][]fileTest{lineEndFiles, delimiterFiles, quoteFiles, rowFiles, encodingFiles, otherFormatFiles, undeclaredFiles} {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				m, err := intake.Negotiate(test.contentType, nil, test.options)
				if err != nil {
					t.Fatal(err)
				}
				for name, body := range readers(test.body) {
					records, err := readAll(t, body, m, limits)
					answer := ""
					if !errors.Is(err, io.EOF) {
						answer = fault.Of(err).Message
					}
					if diff := cmp.Diff(test.records, records); diff != "" {
						t.Errorf("reader %s: records (-want +got):\n%s", name, diff)
					}
					if answer != test.answer {
						t.Errorf("reader %s: answer\n got %q\nwant %q", name, answer, test.answer)
					}
				}
			})
		}
	}
}

var lineEndFiles = []fileTest{
	{name: "line-feeds", contentType: "text/csv", body: "id,size\na,1\nb,2\n", records: twoRows},
	{name: "returns-and-line-feeds", contentType: "text/csv", body: "id,size\r\na,1\r\nb,2\r\n", records: twoRows},
	{name: "returns", contentType: "text/csv", body: "id,size\ra,1\rb,2\r", records: twoRows},
	{name: "returns-without-the-last", contentType: "text/csv", body: "id,size\ra,1\rb,2", records: twoRows},
	{name: "mixed", contentType: "text/csv", body: "id,size\r\na,1\nb,2\rc,3", records: append(twoRows[:2:2], `{"id":"c","size":3}`)},
	{name: "returns-twice", contentType: "text/csv", body: "id,size\r\r\na,1\r\r\nb,2\r\r\n", records: twoRows},
	{name: "returns-twice-after-the-header", contentType: "text/csv", body: "id,size\r\na,1\r\r\nb,2\r\r\n", records: twoRows},
	{
		name: "return-in-a-cell", contentType: "text/csv", body: "id,note\r\na,x\ry\r\nb,z\r\n",
		records: []string{
			`["longshore:refused",{"pointer":"","code":"stray-return","message":"has a carriage return in a cell that is not in quotes, or at the end of a row that has other than the 2 cells of the header row (line 2)"},["a","x","y"]]`,
			`{"id":"b","note":"z"}`,
		},
	},
	{name: "cells-keep-line-ends", contentType: "text/csv", body: "id,note\r\na,\"x\r\ny\rz\n\"\r\n", records: []string{`{"id":"a","note":"x\r\ny\rz\n"}`}},
}

var delimiterFiles = []fileTest{
	{name: "semicolons", contentType: "text/csv", body: "id;size\na;1\nb;2\n", records: twoRows},
	{name: "tabs", contentType: "text/csv", body: "id\tsize\na\t1\nb\t2\n", records: twoRows},
	{name: "bars", contentType: "text/csv", body: "id|size\na|1\nb|2\n", records: twoRows},
	{name: "tsv", contentType: "text/tab-separated-values", body: "id\tnote\na\tx, y\n", records: []string{`{"id":"a","note":"x, y"}`}},
	{name: "names-with-commas", contentType: "text/csv", body: "id;price, EUR, net;size\na;;1\n", records: []string{`{"id":"a","size":1}`}},
	{name: "by-parameter", contentType: "text/csv", options: intake.Options{Delimiter: "bar"}, body: "id|a,b,c\n1|2\n", records: []string{`{"id":"1","a,b,c":"2"}`}},
	{name: "sep-semicolon", contentType: "text/csv", body: "sep=;\r\nid;size\r\na;1\r\nb;2\r\n", records: twoRows},
	{name: "sep-comma-quoted", contentType: "text/csv", body: "\ufeff\"sep=,\"\nid,size\na,1\nb,2\n", records: twoRows},
	{name: "sep-resaved", contentType: "text/csv", body: "SEP=,,\nid,size\na,1\nb,2\n", records: twoRows},
	{
		name: "sep-unknown", contentType: "text/csv", body: "sep=^\nid^size\n",
		answer: "The header row cannot be used. Its first line names a delimiter that is none of comma, semicolon, tab and bar." + needsNames,
	},
}

var quoteFiles = []fileTest{
	{name: "blank-before-quote", contentType: "text/csv", body: "id, \"note\"\na, \"x, y\"\n", records: []string{`{"id":"a","note":"x, y"}`}},
	{name: "blank-after-quote", contentType: "text/csv", body: "\"id\" ,note\n\"a\" ,\"x\"\t\n", records: []string{`{"id":"a","note":"x"}`}},
	{
		name: "blank-and-bare-quote", contentType: "text/csv", body: "id,note\na, \"x\nb, \"y\n",
		answer: "The CSV cannot be read at line 2, column 4: a cell with blanks before its first quote must end on the same line; remove the blanks, or double the quotes. Nothing was imported; correct it and send it again.",
	},
	{
		name: "bare-quote", contentType: "text/csv", body: "id,note\na,5\" pipe\n",
		answer: "The CSV cannot be read at line 2, column 4: a cell with a quote in it must be enclosed in quotes, and the quote in it doubled. Nothing was imported; correct it and send it again.",
	},
	{
		name: "backslash-quote", contentType: "text/csv", body: "id,note\na,\"5\\\" pipe\"\n",
		answer: "The CSV cannot be read at line 2, column 6: a cell with a quote in it must be enclosed in quotes, and the quote in it doubled. Nothing was imported; correct it and send it again.",
	},
	{
		name: "open-quote", contentType: "text/csv", body: "id,note\rb,1\ra,\"x\rb,y\r", records: []string{`{"id":"b","note":"1"}`},
		answer: "The CSV cannot be read at line 3, column 1: the row that begins here has a quote that is not closed, or one in a cell that is not doubled. Nothing was imported; correct it and send it again.",
	},
	{name: "single-quotes", contentType: "text/csv", options: intake.Options{Quote: intake.QuoteSingle}, body: "id,note\n'a','x, ''y\"'\n", records: []string{`{"id":"a","note":"x, 'y\""}`}},
	{name: "no-quotes", contentType: "text/csv; quote=none", body: "id,note\na,5\" \"pipe\"\n", records: []string{`{"id":"a","note":"5\" \"pipe\""}`}},
	{
		name: "lines-in-quotes", contentType: "text/csv", body: "\"id,size\"\n\"a,1\"\n",
		answer: "The header row cannot be used. Each line is one cell, because it is in quotes as a whole: \"id,size\". Remove these quotes." + needsNames,
	},
}

var rowFiles = []fileTest{
	{name: "blank-rows", contentType: "text/csv", body: "\r\n,,\r\nid,size\r\n\r\na,1\r\n,\r\n  \r\nb,2\r\n,\r\n,\r\n", records: twoRows},
	{name: "row-of-quotes-is-a-record", contentType: "text/csv", body: "id,note\n\"\",\n", records: []string{`{"id":""}`}},
	{name: "trailing-delimiter", contentType: "text/csv", body: "id,size,\na,1,\nb,2,\n", records: twoRows},
	{name: "nameless-column", contentType: "text/csv", body: "id,,size\na,,1\nb,\"\",2\n", records: twoRows},
	{
		name: "nameless-column-with-a-value", contentType: "text/csv", body: "id,,size\na,,1\n\nb,x,2\n", records: twoRows[:1],
		answer: "The header row cannot be used. Column 2 has no name, but a value in line 4: \"x\"." + needsNames,
	},
	{name: "short-row", contentType: "text/csv", body: "id,note,size\na\nb,x\n", records: []string{`{"id":"a"}`, `{"id":"b","note":"x"}`}},
	{
		name: "long-row", contentType: "text/csv", body: "id,note\na,\"1\n2\"\n\nb,x,y,\nc,z\n",
		records: []string{
			`{"id":"a","note":"1\n2"}`,
			`["longshore:refused",{"pointer":"","code":"too-many-cells","message":"has 4 cells, but the header row has 2 columns (line 5)"},["b","x","y",""]]`,
			`{"id":"c","note":"z"}`,
		},
	},
	{
		name: "duplicate-names", contentType: "text/csv", body: "id,size,note, size \n",
		answer: "The header row cannot be used. Columns 2 and 4 have the same name, \"size\"." + needsNames,
	},
	{name: "two-byte-order-marks", contentType: "text/csv", body: "\ufeff\ufeffid,size\na,1\nb,2\n", records: twoRows},
	{name: "no-break-space-in-header", contentType: "text/csv", body: "\u00a0id\u200b,size\na,1\nb,2\n", records: twoRows},
	{name: "header-row", contentType: "text/csv; headerRow=3", body: "Report of \"May\"\n\nid,size\na,1\nb,2\n", records: twoRows},
	{name: "header-row-after-sep", contentType: "text/csv", options: intake.Options{HeaderRow: 3}, body: "sep=;\nReport,2;\nid;size\na;1\nb;2\n", records: twoRows},
	{
		name: "header-row-blank", contentType: "text/csv", options: intake.Options{HeaderRow: 2}, body: "id,size\n,\na,1\n",
		answer: "The header row cannot be used. Line 2 is blank." + needsNames,
	},
	{
		name: "header-row-missing", contentType: "text/csv", options: intake.Options{HeaderRow: 9}, body: "id,size\na,1\n",
		answer: "The header row cannot be used. The body has no line 9." + needsNames,
	},
	{
		name: "one-line", contentType: "text/csv", body: "id,sizea,1b,2",
		answer: "The body holds no records, only a header row. It has one line only: curl -d removes line ends; --data-binary keeps them. Send at least one.",
	},
	{name: "header-only", contentType: "text/csv", body: "id,size\n,\n", answer: "The body holds no records, only a header row. Send at least one."},
	{name: "empty-cells-absent", contentType: "text/csv", body: "id,note,due\na,,\nb,\"\",\"\"\n", records: []string{`{"id":"a"}`, `{"id":"b","note":""}`}},
	{
		name: "empty-cells-null", contentType: "text/csv; emptyCells=null", body: "id,note,due\na,,\nb,\"\",\"\"\nc\n,,\n",
		records: []string{`{"id":"a","note":null,"due":null}`, `{"id":"b","note":"","due":null}`, `{"id":"c"}`},
	},
}

var encodingFiles = []fileTest{
	{name: "utf-8-with-mark", contentType: "text/csv", body: "\ufeffid,note\na,Müller\n", records: []string{`{"id":"a","note":"Müller"}`}},
	{name: "utf-16-little", contentType: "text/csv", body: "\xff\xfe" + utf16("id\tnote\r\na\tMüller €\r\n", true), records: []string{`{"id":"a","note":"Müller €"}`}},
	{name: "utf-16-big", contentType: "text/csv", body: "\xfe\xff" + utf16("id,note\na,ł\n", false), records: []string{`{"id":"a","note":"ł"}`}},
	{name: "utf-16-declared", contentType: "text/csv; charset=UTF-16LE", body: utf16("id,note\na,ł\n", true), records: []string{`{"id":"a","note":"ł"}`}},
	{
		name: "utf-16-without-mark", contentType: "text/csv", body: utf16("id,note\n", false),
		answer: "The body is encoded in UTF-16, without a byte order mark. Send charset=utf-16be in the Content-Type, or ?encoding=utf-16be, or convert it to UTF-8.",
	},
	{name: "utf-16-half-a-pair", contentType: "text/csv", body: "\xff\xfe" + utf16("id\na", true) + "\x00\xd8\n\x00", records: []string{"{\"id\":\"a\xff\"}"}},
	{name: "utf-16-pair", contentType: "application/x-ndjson", body: "\xff\xfe" + utf16(`{"id":"`, true) + "\x34\xd8\x1e\xdd" + utf16(`"}`, true), records: []string{`{"id":"𝄞"}`}},
	{name: "windows-1252", contentType: "text/csv; charset=windows-1252", body: "id,note\na,M\xfcller \x80\n", records: []string{`{"id":"a","note":"Müller €"}`}},
	{name: "latin-1", contentType: "text/csv; charset=ISO-8859-1", body: "id,note\na,M\xfcller\n", records: []string{`{"id":"a","note":"Müller"}`}},
	{name: "latin-9", contentType: "text/csv", options: intake.Options{Encoding: "iso-8859-15"}, body: "id,note\na,5 \xa4\n", records: []string{`{"id":"a","note":"5 €"}`}},
	{name: "mark-wins", contentType: "text/csv; charset=windows-1252", body: "\ufeffid,note\na,Müller\n", records: []string{`{"id":"a","note":"Müller"}`}},
	{
		name: "not-utf-8", contentType: "text/csv", body: "id,note\nb,ok\nc,M\xfcller\n", records: []string{`{"id":"b","note":"ok"}`},
		answer: "The body is not UTF-8: byte 0xFC at line 3, column 4. It reads as windows-1252: \"Müller\". If that is right, send charset=windows-1252 in the Content-Type, or ?encoding=windows-1252." + notImported,
	},
	{
		name: "not-utf-8-in-the-header", contentType: "text/csv", body: "id;gr\xf6\xdfe\n",
		answer: "The body is not UTF-8: byte 0xF6 at line 1, column 6. It reads as windows-1252: \"größe\". If that is right, send charset=windows-1252 in the Content-Type, or ?encoding=windows-1252." + notImported,
	},
	{
		name: "damaged-utf-8", contentType: "text/csv", body: "id,note\na,Mü\xc3ller\n",
		answer: "The body is not UTF-8: byte 0xC3 at line 2, column 6. The rest of the line is UTF-8, so this text is damaged: correct it, or send charset=utf-8 to have such records rejected alone." + notImported,
	},
	{name: "damaged-utf-8-declared", contentType: "text/csv; charset=utf-8", body: "id\na\xc3\nb\n", records: []string{"{\"id\":\"a\xc3\"}", `{"id":"b"}`}},
}

var otherFormatFiles = []fileTest{
	{name: "ndjson-as-json", contentType: "application/json", body: "{\"id\":\"a\",\"size\":1}\n{\"id\":\"b\",\"size\":2}\n", records: twoRows},
	{name: "one-object-as-json", contentType: "application/json", body: "{\n  \"id\": \"a\"}\n", records: []string{"{\n  \"id\": \"a\"}"}},
	{
		name: "other-object-as-json", contentType: "application/json", body: `{"records":[]}`,
		answer: "The JSON cannot be read at line 1, column 14: the object has no member \"data\" with an array of records; send records as an array, or one on each line as application/x-ndjson. Nothing was imported; correct it and send it again.",
	},
	{name: "array-as-ndjson", contentType: "application/x-ndjson", body: "[{\"id\":\"a\",\"size\":1},\n {\"id\":\"b\",\"size\":2}]\n", records: []string{`{"id":"a","size":1}`, `{"id":"b","size":2}`}},
	{name: "array-on-a-line-as-ndjson", contentType: "application/x-ndjson", body: "[{\"id\":\"a\"}]\n", records: []string{`{"id":"a"}`}},
	{name: "wrapper-as-ndjson", contentType: "application/x-ndjson", body: "{\"data\": [{\"id\":\"a\"}]}", records: []string{`{"id":"a"}`}},
	{name: "indented-ndjson", contentType: "application/x-ndjson", body: "{\n \"id\":\"a\"\n}\n{\n \"id\":\"b\"\n}\n", records: []string{"{\n \"id\":\"a\"\n}", "{\n \"id\":\"b\"\n}"}},
	{name: "ndjson-by-curl-d", contentType: "application/x-www-form-urlencoded", body: `{"id":"a","size":1}{"id":"b","size":2}`, records: twoRows},
	{
		name: "two-values-on-the-only-line", contentType: "application/x-ndjson", body: "{\"id\":\"a\"}{\"id\":\"b\"}\n",
		answer: "The JSON cannot be read at line 1, column 11: a line must hold exactly one value, and something follows it. Nothing was imported; correct it and send it again.",
	},
	{
		name: "two-values-on-a-line", contentType: "application/x-ndjson", body: "{\"id\":\"a\"}{\"id\":\"b\"}\n{\"id\":\"c\"}\n",
		answer: "The JSON cannot be read at line 1, column 11: a line must hold exactly one value, and something follows it. Nothing was imported; correct it and send it again.",
	},
	{
		name: "indented-later", contentType: "application/x-ndjson", body: "{\"id\":\"a\"}\n{\n\"id\":\"b\"}\n", records: []string{`{"id":"a"}`},
		answer: "The JSON cannot be read at line 2, column 2: the value does not end on its line; each record must stand on one line. Nothing was imported; correct it and send it again.",
	},
	{name: "json-as-csv", contentType: "text/csv", body: `[{"id":"a"}]`, records: []string{`{"id":"a"}`}},
	{name: "ndjson-as-csv", contentType: "text/csv", body: "{\"id\":\"a\"}\n{\"id\":\"b\"}", records: []string{`{"id":"a"}`, `{"id":"b"}`}},
	{name: "csv-as-json", contentType: "application/json", body: "id,size\na,1\n", answer: "The body is not JSON: it looks like CSV. Send it with Content-Type: text/csv."},
	{
		name: "html", contentType: "text/csv", body: "\r\n<!DOCTYPE HTML>\n<title>502</title>",
		answer: "The body is an HTML page, perhaps the error or login page of the server that the file comes from: \"<!DOCTYPE HTML>\\n<title>502</title>\". Nothing was imported; open the file and look.",
	},
	{name: "pdf", contentType: "application/json", body: "%PDF-1.7\n", answer: "The body is a PDF document. Export the table as CSV, XLSX or JSON and send that." + readTypes},
	{
		name: "old-excel", contentType: "application/vnd.ms-excel", body: "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00",
		answer: "The body is a workbook of Excel 97 to 2003 (.xls), or another old file of Office. Save it as .xlsx or as CSV UTF-8 and send that." + readTypes,
	},
	{name: "csv-as-vnd.ms-excel", contentType: "application/vnd.ms-excel", body: "id;size\r\na;1\r\nb;2\r\n", records: twoRows},
	{
		name: "broken-gzip", contentType: "text/csv", body: "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x00\x01\x02",
		answer: "The body is a file that is compressed with gzip, and it is cut off or damaged. Nothing was imported; send it again.",
	},
	{
		name: "gzip-of-other-kind", contentType: "text/csv", body: "\x1f\x8b\x01",
		answer: "The body is a file that is compressed with gzip, and it is cut off or damaged. Nothing was imported; send it again.",
	},
	{name: "empty", contentType: "text/csv", body: "", answer: "The body is empty. Send the records to import."},
}

var undeclaredFiles = []fileTest{
	{name: "undeclared-array", body: `[{"id":"a","size":1},{"id":"b","size":2}]`, records: twoRows},
	{name: "undeclared-wrapper", body: "{\n  \"data\": [\n    {\"id\":\"a\",\"size\":1}, {\"id\":\"b\",\"size\":2}\n  ]\n}\n", records: twoRows},
	{name: "undeclared-ndjson", body: "{\"id\":\"a\",\"size\":1}\n{\"id\":\"b\",\"size\":2}\n", records: twoRows},
	{name: "undeclared-object", body: `{"id":"a","size":1}`, records: twoRows[:1]},
	{name: "undeclared-csv", body: "size;id\n1;a\n", records: []string{`{"size":1,"id":"a"}`}},
	{name: "undeclared-octets", contentType: "application/octet-stream", body: "id,size\na,1\nb,2\n", records: twoRows},
	{name: "undeclared-empty", body: " \n", answer: "The body is empty. Send the records to import."},
	{
		name: "undeclared-other", contentType: "text/plain", body: "Dear Sir or Madam,\n",
		answer: "The Content-Type does not name the format of the body, and its beginning does not show it." + readTypes,
	},
	{
		name: "form-by-curl-d", contentType: "application/x-www-form-urlencoded", body: "name=x&value=y",
		answer: "The body is declared as a form, as curl -d does, which also removes line ends. Send a file with -H 'Content-Type: text/csv' --data-binary @file." + readTypes,
	},
}
