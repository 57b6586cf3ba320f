package intake

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/intake/workbook"
)

const (
	// maxDirectoryBytes limits the directory of a zip file, which is read into memory: some 50,000 entries.
	maxDirectoryBytes = 4 << 20
	// maxTexts limits the memory for the compressed texts of a workbook. A million different texts of 50 bytes need
	// 20 MiB to 50 MiB.
	maxTexts = 128 << 20
)

// OpenArchive opens a zip file of size bytes: a workbook, or one file. It is Open for a body that Content.IsArchive
// reports, and that must be at hand as a whole. An error of the reader is returned as it is or wrapped; the caller
// checks the reader first.
func OpenArchive(at io.ReaderAt, size int64, media Media, target *collection.Collection, limits Limits) (*Reader, error) {
	if err := limits.check(); err != nil {
		return nil, fmt.Errorf("opening an archive: %w", err)
	}
	budget := &budgetReader{at: at, left: maxDirectoryBytes}
	archive, err := zip.NewReader(budget, size)
	switch {
	case budget.exceeded:
		return nil, tooManyEntries()
	case err != nil:
		return nil, damagedArchive(err)
	case len(archive.File) > maxEntries:
		return nil, tooManyEntries()
	}
	budget.left = -1
	a := &opener{limits: limits, left: limits.Body}
	if workbook.Is(archive.File) {
		return openWorkbook(archive.File, a, media, target, limits)
	}
	return openOnly(archive.File, a, media, target, limits)
}

// maxEntries limits the entries of a zip file.
const maxEntries = 10_000

func tooManyEntries() error {
	return fault.New(fault.TooLarge, "too-many-entries", "The zip file has more than %d entries. Send one file, or a workbook.", maxEntries).With("limit", maxEntries)
}

func damagedArchive(err error) error {
	return fault.New(fault.Malformed, "bad-archive",
		"The body is a zip file or a workbook that is cut off or damaged. Nothing was imported; send it again.").Because(err)
}

// CheckArchiveEnd returns a fault if the end of a zip file lacks its directory, as that of a file that is cut off does.
// tail are its last 66 KiB or more, or all of it.
func CheckArchiveEnd(tail []byte) error {
	if bytes.Contains(tail, emptyZipMark) { // it begins the record at the end of every zip file
		return nil
	}
	return damagedArchive(io.ErrUnexpectedEOF)
}

// budgetReader limits how many bytes are read while the directory is read; a negative rest means no limit.
type budgetReader struct {
	at       io.ReaderAt
	left     int64
	exceeded bool
}

// ReadAt implements io.ReaderAt.
func (b *budgetReader) ReadAt(p []byte, offset int64) (int, error) {
	if b.left >= 0 {
		if b.left < int64(len(p)) {
			b.exceeded = true
			return 0, errDirectoryTooLarge
		}
		b.left -= int64(len(p))
	}
	return b.at.ReadAt(p, offset)
}

var errDirectoryTooLarge = errors.New("the directory of the zip file is too large")

// opener opens the entries of a zip file. left is how many bytes all of them may still have.
type opener struct {
	limits Limits
	left   int64
}

func (o *opener) open(f *zip.File) (io.ReadCloser, error) {
	if f.Flags&1 != 0 {
		return nil, fault.New(fault.Malformed, "bad-archive", "%q in the zip file is encrypted. Send it without a password.", shorten(f.Name))
	}
	r, err := f.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return nil, fault.New(fault.UnsupportedMedia, "unsupported-media-type", "%q in the zip file is compressed by a method that is not read. Use deflate.", shorten(f.Name)).
			Because(err)
	}
	if err != nil {
		return nil, damagedArchive(err)
	}
	return &entry{ReadCloser: r, opener: o, packed: f.CompressedSize64}, nil
}

// entry reads an entry of a zip file within the limits of its size and its ratio.
type entry struct {
	io.ReadCloser
	opener *opener
	packed uint64
	bytes  int64
}

// Read implements io.Reader. Every error except io.EOF is a fault, or that of the underlying reader.
func (e *entry) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	e.bytes += int64(n)
	e.opener.left -= int64(n)
	switch {
	case e.opener.left < 0:
		return n, bodyTooLarge(e.opener.limits.Body)
	case e.bytes > ratioGrace && uint64(e.bytes)/uint64(e.opener.limits.Ratio) > e.packed: //nolint:gosec // both are positive
		return n, fault.New(fault.TooLarge, "compression-ratio",
			"A file in the zip file or workbook unpacks to more than %d times its size. Send it as CSV.", e.opener.limits.Ratio).With("limit", e.opener.limits.Ratio)
	case err != nil && !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return n, damagedArchive(err)
	}
	return n, err
}

// openOnly opens a zip file with one file of records.
func openOnly(files []*zip.File, o *opener, media Media, target *collection.Collection, limits Limits) (*Reader, error) {
	var found []*zip.File
	for _, f := range files {
		if !f.FileInfo().IsDir() && !strings.HasPrefix(f.Name, "__MACOSX/") && path.Base(f.Name) != ".DS_Store" {
			found = append(found, f)
		}
	}
	if len(found) != 1 {
		return nil, fault.New(fault.Malformed, "not-one-file", "The zip file has %d files, and must have one%s. Send each in a request of its own.",
			len(found), namesOf(found))
	}
	r, err := o.open(found[0])
	if err != nil {
		return nil, err
	}
	if media.Format == "" || media.Format == XLSX {
		media.Format = formatOfName(found[0].Name)
	}
	records, err := openRecords(bufio.NewReaderSize(&sticky{reader: r}, sniffBytes), media, target, limits, func(int) error { return nil })
	if err != nil {
		_ = r.Close()
		return nil, err
	}
	records.close = func() { _ = r.Close() }
	return records, nil
}

// formatOfName returns the format that the end of a file's name means; empty if it says nothing.
func formatOfName(name string) Format {
	switch strings.ToLower(path.Ext(name)) {
	case ".csv", ".tsv":
		return CSV
	case ".json":
		return JSON
	case ".ndjson", ".jsonl":
		return NDJSON
	}
	return ""
}

// maxNamed is how many entries a message names.
const maxNamed = 10

func namesOf(files []*zip.File) string {
	var names []string
	for _, f := range files[:min(len(files), maxNamed)] {
		names = append(names, strconv.Quote(shorten(f.Name)))
	}
	if len(names) == 0 {
		return ""
	}
	return ": " + strings.Join(names, ", ")
}
