package intake

import (
	"bytes"

	"github.com/longshore-io/longshore/pkg/fault"
)

// The first bytes of compressed files.
var (
	gzipMark = []byte("\x1f\x8b")
	zstdMark = []byte("\x28\xb5\x2f\xfd")
	zipMark  = []byte("PK\x03\x04")
	// emptyZipMark begins a zip file without entries.
	emptyZipMark = []byte("PK\x05\x06")
)

func isZip(head []byte) bool {
	return bytes.HasPrefix(head, zipMark) || bytes.HasPrefix(head, emptyZipMark)
}

// codingOf returns the coding that the first bytes of a body show. No text begins with these bytes.
func codingOf(head []byte) Coding {
	switch {
	case bytes.HasPrefix(head, gzipMark):
		return Gzip
	case bytes.HasPrefix(head, zstdMark):
		return Zstd
	}
	return Identity
}

// foreign are formats that are not read, by their first bytes, with what to do instead.
var foreign = []struct{ mark, name, advice string }{
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook of Excel 97 to 2003 (.xls), or another old file of Office", "Save it as .xlsx or as CSV UTF-8 and send that."},
	{"%PDF-", "a PDF document", "Export the table as CSV, XLSX or JSON and send that."},
	{"PAR1", "a Parquet file", "Convert it to NDJSON or CSV and send that."},
	{"BZh", "compressed with bzip2", "Compress it with gzip or zstd, or send it plain."},
	{"\xfd7zXZ\x00", "compressed with xz", "Compress it with gzip or zstd, or send it plain."},
	{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Send the file in it, plain or compressed with gzip, zstd or zip."},
	{"Rar!\x1a\x07", "a RAR archive", "Send the file in it, plain or compressed with gzip, zstd or zip."},
	{"\x89PNG", "an image", "Send a table or records."},
	{"SQLite format 3\x00", "a SQLite database", "Export its table as CSV or JSON and send that."},
	{"\x1f\x8b", "compressed with gzip more than once", "Compress it once."},
	{"{\\rtf", "a text document (RTF)", "Save it as CSV and send that."},
}

// checkForeign returns a fault if a body is in a format that is not read. head begins after white space.
func checkForeign(head []byte) error {
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.mark)) {
			return unsupportedType("The body is " + f.name + ". " + f.advice)
		}
	}
	if page := bytes.ToLower(head[:min(len(head), len("<!doctype html"))]); bytes.HasPrefix(page, []byte("<!doctype html")) || bytes.HasPrefix(page, []byte("<html")) {
		return fault.New(fault.Malformed, "not-records",
			"The body is an HTML page, perhaps the error or login page of the server that the file comes from: %q. Nothing was imported; open the file and look.",
			shorten(string(head)))
	}
	if bytes.HasPrefix(head, []byte("<?xml")) {
		return unsupportedType("The body is XML. Convert it to JSON, NDJSON or CSV and send that.")
	}
	return nil
}
