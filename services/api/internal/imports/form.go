package imports

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"path"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/intake"
)

const (
	// formType is the type of a form with a file, as browsers and curl -F send it (RFC 7578).
	formType = "multipart/form-data"
	// maxFieldBytes limits the value of a field of a form.
	maxFieldBytes = 1 << 10
	// maxFields limits the fields before the file of a form.
	maxFields = 20
)

// form is a body of type multipart/form-data, which has one file. Fields before the file are parameters of the request.
// The file is streamed, so nothing may follow it.
type form struct {
	source  *transfer
	parts   *multipart.Reader
	options intake.Options
	// contentType is that of the file.
	contentType string
}

// transfer remembers why reading the request failed, which multipart.Reader hides.
type transfer struct {
	io.Reader
	err error
}

// Read implements io.Reader.
func (t *transfer) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		t.err = err
	}
	return n, err
}

// isForm returns the boundary of a form; ok is false if the type is another one.
func isForm(contentType string) (boundary string, ok bool) {
	name, parameters, err := mime.ParseMediaType(contentType)
	return parameters["boundary"], err == nil && name == formType
}

// openForm reads the form up to its file. options are those of the address.
func openForm(reader io.Reader, boundary string, options intake.Options) (*form, io.Reader, error) {
	if boundary == "" {
		return nil, nil, malformedForm("Its Content-Type has no boundary; leave the Content-Type to the program that makes the form.")
	}
	source := &transfer{Reader: reader}
	f := &form{source: source, parts: multipart.NewReader(source, boundary), options: options}
	for range maxFields {
		part, err := f.parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, nil, malformedForm("It has no file, or its boundary is not the one that the Content-Type names. Send the file in a field with a file name, as curl -F file=@name does.")
		}
		if err != nil {
			return nil, nil, f.translate(err)
		}
		if part.FileName() != "" || part.FormName() == "file" {
			f.contentType = fileType(part.Header.Get("Content-Type"), part.FileName())
			return f, formFile{form: f, part: part}, nil
		}
		if err := f.setOption(part); err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, malformedForm("It has more than %d fields before its file.", maxFields)
}

// formFile reads the file of a form.
type formFile struct {
	form *form
	part *multipart.Part
}

// Read implements io.Reader.
func (f formFile) Read(p []byte) (int, error) {
	n, err := f.part.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // a wrapped one is a form that is cut off
		err = f.form.translate(err)
	}
	return n, err
}

// setOption reads a field, which must be a parameter of the request.
func (f *form) setOption(part *multipart.Part) error {
	name := part.FormName()
	if !slices.Contains(intake.Parameters, name) {
		return malformedForm("It has the field %q. Besides one file it may have the fields %s.", name, strings.Join(intake.Parameters, ", "))
	}
	value, err := io.ReadAll(io.LimitReader(part, maxFieldBytes+1))
	if err != nil {
		return f.translate(err)
	}
	if len(value) > maxFieldBytes {
		return malformedForm("Its field %q has more than %d bytes.", name, maxFieldBytes)
	}
	var given intake.Options
	if err := given.Set(name, string(bytes.TrimSpace(value))); err != nil {
		return err
	}
	f.options, err = f.options.Merge(given)
	return err
}

// end reads what follows the file: nothing.
func (f *form) end() error {
	part, err := f.parts.NextPart()
	switch {
	case err == io.EOF: // itself: a wrapped one is a form that is cut off
		return nil
	case err != nil:
		return f.translate(err)
	case part.FileName() != "":
		return malformedForm("It has more than one file: %q is another. Send each in a request of its own.", part.FileName())
	}
	return malformedForm("The field %q comes after the file. Send fields before it.", part.FormName())
}

// translate returns the error of the transfer, or else a fault about the form.
func (f *form) translate(err error) error {
	if f.source.err != nil {
		return fmt.Errorf("reading the body: %w", f.source.err)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return malformedForm("It is cut off.")
	}
	return malformedForm("It cannot be read.").Because(err)
}

func malformedForm(format string, args ...any) *fault.Fault {
	return fault.New(fault.Malformed, "malformed-form", "The form cannot be imported. "+format, args...)
}

// extensions are the types of files by the end of their names.
var extensions = map[string]string{
	".csv": string(intake.CSV), ".tsv": "text/tab-separated-values", ".tab": "text/tab-separated-values", ".json": string(intake.JSON),
	".ndjson": string(intake.NDJSON), ".jsonl": string(intake.NDJSON), ".xlsx": string(intake.XLSX),
}

// vague are types of parts that say nothing about the file, so that its name decides.
var vague = []string{"", "application/octet-stream", "text/plain", "application/vnd.ms-excel", "application/gzip", "application/x-gzip", "application/zstd"}

// fileType returns the type of a file: the declared one, unless it says less than the name of the file.
func fileType(declared, name string) string {
	media, _, err := mime.ParseMediaType(declared)
	if err == nil && !slices.Contains(vague, media) {
		return declared
	}
	name = strings.ToLower(name)
	for _, compressed := range []string{".gz", ".zst"} {
		name = strings.TrimSuffix(name, compressed)
	}
	if known, ok := extensions[path.Ext(name)]; ok {
		return known
	}
	return declared
}
