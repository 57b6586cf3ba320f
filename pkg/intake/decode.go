package intake

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Decode returns a reader of the decoded body. It is for a body that is not an import by itself, such
// as a part of a multipart upload: only the limits Body and Ratio apply. Its errors are those of
// Reader.Next. The caller closes the result and the underlying reader of the body.
func Decode(body *Body, contentEncoding []string, limits Limits) (io.ReadCloser, error) {
	coding, err := negotiateCoding(contentEncoding)
	if err != nil {
		return nil, err
	}
	d, err := newDecoder(body, coding, limits)
	if errors.Is(err, io.EOF) {
		return nil, emptyBody()
	}
	return d, err
}

// decoder undoes the content coding of a body.
type decoder struct {
	body   *Body
	reader io.Reader
	coding Coding
	limits Limits
	bytes  int64
	close  func()
	// recognized reports whether the first bytes of the body, and no header, say how it is compressed.
	recognized bool
}

// newDecoder reads the header of the compressed stream, if there is one.
func newDecoder(body *Body, coding Coding, limits Limits) (*decoder, error) {
	d := &decoder{body: body, coding: coding, limits: limits, close: func() {}}
	buffered := bufio.NewReaderSize(body, slack)
	switch coding {
	case Gzip:
		reader, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, d.translate(err)
		}
		d.reader = reader
	case Zstd:
		if err := body.holdMore(zstdBytes); err != nil {
			return nil, err
		}
		reader, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow))
		if err != nil {
			return nil, d.translate(err)
		}
		d.reader, d.close = reader, reader.Close
	case Identity:
		d.reader = buffered
	default:
		return nil, fmt.Errorf("opening a body: unknown coding %q", coding)
	}
	return d, nil
}

// Read reads decoded bytes. Every error except io.EOF is a fault or wraps the error of the transfer.
func (d *decoder) Read(p []byte) (int, error) {
	left := d.limits.Body - d.bytes
	if left < int64(len(p)) {
		p = p[:left+1] // one byte more than the limit shows that the body exceeds it
	}
	n, err := d.reader.Read(p)
	d.bytes += int64(n)
	if int64(n) > left {
		return n - 1, bodyTooLarge(d.limits.Body)
	}
	if d.bytes > ratioGrace && d.bytes/int64(d.limits.Ratio) > d.body.bytes {
		return n, d.ratioTooHigh()
	}
	if err != nil {
		return n, d.translate(err)
	}
	return n, nil
}

// Close releases the resources of the decoder.
func (d *decoder) Close() error {
	d.close()
	return nil
}

// translate converts an error of a decoding library: to the error of the transfer if that failed,
// else to a fault about the stream.
func (d *decoder) translate(err error) error {
	switch {
	case d.body.err != nil:
		return d.body.err
	case errors.Is(err, io.EOF):
		return io.EOF
	case d.coding == Identity:
		return fmt.Errorf("reading the body: %w", err)
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return fault.New(fault.Malformed, "bad-encoding",
			"The body needs a zstd window of more than %d MiB. Compress it without --long and --ultra.", maxWindow>>20).Because(err)
	case d.recognized:
		return damagedFile(d.coding).Because(err)
	default:
		return fault.New(fault.Malformed, "bad-encoding",
			"The body is not what its Content-Encoding %s promises, or it is cut off or damaged. Nothing was imported; send it again.", d.coding).
			Because(err)
	}
}

func damagedFile(coding Coding) *fault.Fault {
	return fault.New(fault.Malformed, "bad-encoding",
		"The body is a file that is compressed with %s, and it is cut off or damaged. Nothing was imported; send it again.", coding)
}

func bodyTooLarge(limit int64) error {
	return fault.New(fault.TooLarge, "body-too-large",
		"The body is larger than %d bytes (counted after decoding). Split it into several imports.", limit).
		With("limit", limit)
}

func (d *decoder) ratioTooHigh() error {
	return fault.New(fault.TooLarge, "compression-ratio",
		"The body unpacks to more than %d times its size. Send it uncompressed, or compressed less.", d.limits.Ratio).
		With("limit", d.limits.Ratio)
}
