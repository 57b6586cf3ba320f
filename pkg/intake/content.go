package intake

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
)

// sniffBytes is how much of the beginning of a body is read to find out what it is.
const sniffBytes = 16 << 10

// Content is a body whose content coding is undone and whose first bytes are known. It is not safe for concurrent use.
type Content struct {
	media   Media
	limits  Limits
	decoder *decoder
	decoded *bufio.Reader
}

// Start reads the first bytes of a body. A body that is compressed with gzip or zstd is recognized also if its coding is
// not declared. The errors are those of Reader.Next. The caller closes the Content, unless Records returns a Reader.
func Start(body *Body, media Media, limits Limits) (*Content, error) {
	if err := limits.check(); err != nil {
		return nil, fmt.Errorf("opening a body: %w", err)
	}
	declared := media.Coding
	if declared == Identity {
		media.Coding = codingOf(body.peek(len(zstdMark)))
	}
	d, err := newDecoder(body, media.Coding, limits)
	if f, ok := errors.AsType[*fault.Fault](err); ok && f.Code == "bad-encoding" && declared == Identity {
		return nil, damagedFile(media.Coding)
	}
	if errors.Is(err, io.EOF) {
		return nil, emptyBody()
	}
	if err != nil {
		return nil, err
	}
	d.recognized = declared == Identity
	return &Content{media: media, limits: limits, decoder: d, decoded: bufio.NewReaderSize(&sticky{reader: d}, sniffBytes)}, nil
}

// Read reads the decoded bytes. Its errors are those of Reader.Next.
func (c *Content) Read(p []byte) (int, error) { return c.decoded.Read(p) }

// IsArchive reports whether the body is a zip file, which an XLSX workbook is too. It can be read only when all of it
// is there: see OpenArchive.
func (c *Content) IsArchive() bool {
	head, _ := c.decoded.Peek(len(zipMark)) // the reads that follow return the error
	return isZip(head)
}

// Plain reports whether the body was not compressed as a whole.
func (c *Content) Plain() bool { return c.media.Coding == Identity }

// Records returns a reader of the records. Its errors are those of Reader.Next.
func (c *Content) Records(target *collection.Collection) (*Reader, error) {
	if c.IsArchive() {
		return nil, fault.New(fault.Malformed, "archive-in-archive", "The body is a zip file or a workbook within another compressed file. Send it without the outer one.")
	}
	r, err := openRecords(c.decoded, c.media, target, c.limits, c.decoder.body.holdMore)
	if err != nil {
		return nil, err
	}
	r.close = c.Close
	return r, nil
}

// Close releases the resources of the decoder.
func (c *Content) Close() { _ = c.decoder.Close() }

// openRecords finds out the encoding and the format of decoded bytes, and returns a reader of their records.
func openRecords(decoded *bufio.Reader, media Media, target *collection.Collection, limits Limits, hold func(int) error) (*Reader, error) {
	head, err := peek(decoded, len(wideMarks[0]))
	if err != nil {
		return nil, err
	}
	options := media.Options
	if options.Encoding, err = chooseEncoding(head, options.Encoding); err != nil {
		return nil, err
	}
	text := decoded
	if converted := toUTF8(decoded, options.Encoding); converted != io.Reader(decoded) {
		text = bufio.NewReaderSize(&sticky{reader: converted}, sniffBytes)
	}
	if head, err = peek(text, sniffBytes); err != nil {
		return nil, err
	}
	head = bytes.TrimPrefix(head, utf8Mark)
	format, err := media.detect(beginning{text: head, whole: len(head) < sniffBytes-len(utf8Mark)}, target)
	if err != nil {
		return nil, err
	}
	r := &Reader{limits: limits, close: func() {}}
	if r.input, err = newInput(text, limits, hold); err != nil {
		return nil, err
	}
	switch format {
	case JSON, values:
		r.parser = newJSONParser(r.input, format == values)
	case NDJSON:
		r.parser = newNDJSONParser(r.input)
	case CSV:
		r.csv, err = newCSVParser(r.input, options, target)
		r.parser = r.csv
	default:
		err = fmt.Errorf("opening a body: unknown format %q", format)
	}
	return r, err
}

// peek returns up to n of the next bytes: at least one, or an error. The reads that follow return the error that keeps
// it from returning more.
func peek(r *bufio.Reader, n int) ([]byte, error) {
	head, err := r.Peek(n)
	if len(head) > 0 {
		return head, nil
	}
	if errors.Is(err, io.EOF) {
		return nil, emptyBody()
	}
	return nil, err
}

// sticky returns the first error of a reader again and again: bufio.Reader forgets it after a peek.
type sticky struct {
	reader io.Reader
	err    error
}

// Read implements io.Reader.
func (s *sticky) Read(p []byte) (n int, err error) {
	if s.err != nil {
		return 0, s.err
	}
	n, s.err = s.reader.Read(p)
	return n, s.err
}
