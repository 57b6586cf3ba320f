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
	// XLSX is a workbook of Office Open XML, with a header row in a sheet.
	XLSX Format = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
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
	// Format is empty if the body shows it.
	Format Format
	Coding Coding
	// Options say how the body is read.
	Options Options

	form bool // declared as a form, which curl -d does
}

// formats are the supported media types. Those without a format are used for several: the first bytes show which it
// is. A type with the suffix "+json" is not supported, because it defines a structure of its own.
var formats = map[string]Format{
	"application/json":      JSON,
	"text/json":             JSON,
	"application/x-ndjson":  NDJSON,
	"application/ndjson":    NDJSON,
	"application/jsonl":     NDJSON,
	"application/x-jsonl":   NDJSON,
	"application/jsonlines": NDJSON,
	"text/csv":              CSV,
	"application/csv":       CSV,
	tsvType:                 CSV,
	string(XLSX):            XLSX,
	formType:                "",

	"application/vnd.ms-excel": "", // also CSV, as browsers on Windows name it
	"application/octet-stream": "",
	"text/plain":               "",
	"application/gzip":         "",
	"application/x-gzip":       "",
	"application/zstd":         "",
	"application/zip":          "",

	"application/x-zip-compressed": "",
}

const (
	tsvType  = "text/tab-separated-values"
	formType = "application/x-www-form-urlencoded"
)

// Negotiate parses the value of Content-Type and the values of Content-Encoding. For an unsupported
// one it returns a fault of kind UnsupportedMedia that lists the supported ones. Without a Content-Type, the body shows
// its format.
//
// The parameter charset is the encoding. text/csv has more: header, which must be "present"
// (RFC 4180, section 3), and those of Options. Other parameters are ignored. options are those of the request; what
// they contradict is an error.
func Negotiate(contentType string, contentEncoding []string, options Options) (Media, error) {
	coding, err := negotiateCoding(contentEncoding)
	if err != nil {
		return Media{}, err
	}
	m := Media{Coding: coding, Options: options}
	if contentType == "" {
		return m, nil
	}
	name, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return Media{}, unsupportedType("The Content-Type cannot be read.").Because(err)
	}
	format, ok := formats[name]
	if !ok {
		return Media{}, unsupportedType("The Content-Type is not one that can be imported.")
	}
	m.Format, m.form = format, name == formType
	if header, given := parameters["header"]; given && !strings.EqualFold(header, "present") && format == CSV {
		return Media{}, unsupportedType("A CSV body must have a header row: its names say which member a column is.")
	}
	if err := m.addParameters(parameters); err != nil {
		return Media{}, err
	}
	if name == tsvType && m.Options.Delimiter == "" {
		m.Options.Delimiter = delimiterOf("tab").name
	}
	return m, nil
}

// addParameters sets the options that the Content-Type names.
func (m *Media) addParameters(parameters map[string]string) error {
	declared := Options{}
	for _, name := range Parameters {
		key := strings.ToLower(name) // as mime.ParseMediaType returns it
		if name == EncodingParameter {
			key = "charset"
		}
		value, given := parameters[key]
		if !given || name != EncodingParameter && m.Format != CSV && m.Format != XLSX && m.Format != "" {
			continue
		}
		if err := declared.Set(name, value); err != nil {
			return unsupportedType("In the Content-Type: " + err.Error()).Because(err)
		}
	}
	merged, err := m.Options.Merge(declared)
	m.Options = merged
	return err
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
		"%s Longshore reads application/json, application/x-ndjson, text/csv, text/tab-separated-values and XLSX workbooks.", reason).
		With("content_types", []string{string(JSON), string(NDJSON), string(CSV), tsvType, string(XLSX)})
}

func unsupportedCoding(reason string) *fault.Fault {
	return fault.New(fault.UnsupportedMedia, "unsupported-content-encoding",
		"%s Send it plain, or with one of gzip and zstd, once.", reason).
		With("content_encodings", []string{string(Gzip), string(Zstd), string(Identity)})
}
