package intake

import (
	"mime"
	"strings"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Format is the format of a body, named by its media type.
type Format string

// The formats.
const (
	// JSON is an array of records, or an object with the array as its member "data".
	JSON Format = "application/json"
	// NDJSON is one JSON value per line.
	NDJSON Format = "application/x-ndjson"
	// CSV is RFC 4180 with a header row.
	CSV Format = "text/csv"
)

// Coding is the content coding of a body (RFC 9110, section 8.4).
type Coding string

// The codings.
const (
	Identity Coding = "identity"
	Gzip     Coding = "gzip"
	Zstd     Coding = "zstd"
)

// AcceptEncoding is the value of the header Accept-Encoding for an answer 415 to an unsupported coding
// (RFC 9110, section 15.5.16).
const AcceptEncoding = "gzip, zstd, identity"

// Media is the declared format of a body. Negotiate returns it.
type Media struct {
	Format Format
	Coding Coding

	delimiter byte // of a CSV body; 0 if it is detected from the header row
}

// formats are the supported media types. A type with the suffix "+json" is not supported, because it
// defines a structure of its own.
var formats = map[string]Format{
	"application/json":      JSON,
	"application/x-ndjson":  NDJSON,
	"application/ndjson":    NDJSON,
	"application/jsonl":     NDJSON,
	"application/jsonlines": NDJSON,
	"text/csv":              CSV,
}

// Negotiate parses the value of Content-Type and the values of Content-Encoding. For an unsupported
// one it returns a fault of kind UnsupportedMedia that lists the supported ones.
//
// The parameter charset must be UTF-8. text/csv has two more: header, which must be "present"
// (RFC 4180, section 3), and delimiter: "comma", "semicolon", "tab", "bar" or the character itself.
// Other parameters are ignored.
func Negotiate(contentType string, contentEncoding []string) (Media, error) {
	coding, err := negotiateCoding(contentEncoding)
	if err != nil {
		return Media{}, err
	}
	if contentType == "" {
		return Media{}, unsupportedType("The request has no Content-Type.")
	}
	name, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return Media{}, unsupportedType("The Content-Type cannot be read.").Because(err)
	}
	format, ok := formats[name]
	if !ok {
		return Media{}, unsupportedType("The Content-Type is not one that can be imported.")
	}
	if charset, given := parameters["charset"]; given && !isUTF8Name(charset) {
		return Media{}, unsupportedType("The charset must be utf-8.")
	}
	m := Media{Format: format, Coding: coding}
	if format == CSV {
		m.delimiter, err = negotiateCSV(parameters)
	}
	return m, err
}

func negotiateCSV(parameters map[string]string) (byte, error) {
	if header, given := parameters["header"]; given && !strings.EqualFold(header, "present") {
		return 0, unsupportedType("A CSV body must have a header row: its names say which member a column is.")
	}
	given, ok := parameters["delimiter"]
	if !ok {
		return 0, nil
	}
	for _, d := range delimiters {
		if strings.EqualFold(given, d.name) || given == string(rune(d.char)) {
			return d.char, nil
		}
	}
	return 0, unsupportedType("The delimiter must be comma, semicolon, tab or bar.")
}

func isUTF8Name(charset string) bool {
	return strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
}

func negotiateCoding(values []string) (Coding, error) {
	var found []string
	for _, value := range values {
		for name := range strings.SplitSeq(value, ",") {
			name = strings.ToLower(strings.TrimSpace(name))
			if name != "" && name != string(Identity) {
				found = append(found, name)
			}
		}
	}
	if len(found) == 0 {
		return Identity, nil
	}
	if len(found) > 1 {
		return "", unsupportedCoding("The body is said to be encoded more than once.")
	}
	switch found[0] {
	case "gzip", "x-gzip": // the same (RFC 9110, section 8.4.1.3)
		return Gzip, nil
	case "zstd":
		return Zstd, nil
	default:
		return "", unsupportedCoding("The Content-Encoding is not one that can be undone.")
	}
}

func unsupportedType(reason string) *fault.Fault {
	return fault.New(fault.UnsupportedMedia, "unsupported-media-type",
		"%s Send application/json, application/x-ndjson or text/csv, in UTF-8.", reason).
		With("content_types", []string{string(JSON), string(NDJSON), string(CSV)})
}

func unsupportedCoding(reason string) *fault.Fault {
	return fault.New(fault.UnsupportedMedia, "unsupported-content-encoding",
		"%s Send it plain, or with one of gzip and zstd, once.", reason).
		With("content_encodings", []string{string(Gzip), string(Zstd), string(Identity)})
}
