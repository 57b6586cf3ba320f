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

// Plain undoes the coding of a body that is no import by itself, such as a part of one, under the limits of its bytes and its ratio. Its
// errors are those of Reader.Next. The caller closes it, and the body.
func Plain(from io.Reader, contentEncoding []string, limits Limits) (io.ReadCloser, error) {
	coding, err := negotiateCoding(contentEncoding)
	if err != nil {
		return nil, err
	}
	plain, err := undo(from, coding, limits)
	if errors.Is(err, io.EOF) {
		return nil, emptyBody()
	}
	return plain, err
}

// transport reads what the client sends. It remembers how reading ended, because the libraries that undo a
// coding report a lost client and a broken stream alike.
type transport struct {
	body  io.Reader
	bytes int64
	// limit bounds what is received: a coding can go on for ever and unpack to nothing.
	limit int64
	err   error // what ended the body, unless it was its end
}

func (t *transport) Read(p []byte) (int, error) {
	n, err := t.body.Read(p)
	t.bytes += int64(n)
	switch {
	case t.bytes > t.limit+t.limit/100+slack: // a coding may make what can't be compressed a little larger
		t.err = bodyTooLarge(t.limit)
		return 0, t.err
	case err == nil, err == io.EOF: // itself; wrapped it tells of a body that broke off
	case errors.Is(err, io.EOF):
		t.err = fmt.Errorf("reading the body: %w: %s", io.ErrUnexpectedEOF, err.Error())
	default:
		t.err = fmt.Errorf("reading the body: %w", err)
	}
	return n, err
}

// decoded is a body with its coding undone.
type decoded struct {
	wire   *transport
	plain  io.Reader
	coding Coding
	limits Limits
	bytes  int64
	close  func()
}

// undo begins to undo a coding. It reads as much as that takes.
func undo(body io.Reader, coding Coding, limits Limits) (*decoded, error) {
	d := &decoded{wire: &transport{body: body, limit: limits.Body}, coding: coding, limits: limits, close: func() {}}
	buffered := bufio.NewReaderSize(d.wire, slack)
	switch coding {
	case Gzip:
		unpacker, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, d.explain(err)
		}
		d.plain = unpacker
	case Zstd:
		unpacker, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow))
		if err != nil {
			return nil, d.explain(err)
		}
		d.plain, d.close = unpacker, unpacker.Close
	case Identity:
		d.plain = buffered
	default:
		return nil, fmt.Errorf("opening a body: unknown coding %q", coding)
	}
	return d, nil
}

// Read hands on the plain body. Every error but io.EOF is a fault or the transport's.
func (d *decoded) Read(p []byte) (int, error) {
	left := d.limits.Body - d.bytes
	if left < int64(len(p)) {
		p = p[:left+1] // one more than allowed shows that there is more
	}
	n, err := d.plain.Read(p)
	d.bytes += int64(n)
	if int64(n) > left {
		return n - 1, d.tooLarge()
	}
	if d.bytes > ratioGrace && d.bytes/int64(d.limits.Ratio) > d.wire.bytes {
		return n, d.tooDense()
	}
	if err != nil {
		return n, d.explain(err)
	}
	return n, nil
}

// Close gives back what unpacking took.
func (d *decoded) Close() error {
	d.close()
	return nil
}

// explain tells a lost client from a broken stream.
func (d *decoded) explain(err error) error {
	switch {
	case d.wire.err != nil:
		return d.wire.err
	case errors.Is(err, io.EOF):
		return io.EOF
	case d.coding == Identity:
		return fmt.Errorf("reading the body: %w", err)
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return fault.New(fault.Malformed, "bad-encoding",
			"The body needs a zstd window of more than %d MiB. Compress it without --long and --ultra.", maxWindow>>20).Because(err)
	default:
		return fault.New(fault.Malformed, "bad-encoding",
			"The body is not what its Content-Encoding %s promises, or it is cut off or damaged. Nothing was imported; send it again.", d.coding).
			Because(err)
	}
}

func (d *decoded) tooLarge() error { return bodyTooLarge(d.limits.Body) }

func bodyTooLarge(limit int64) error {
	return fault.New(fault.TooLarge, "body-too-large",
		"The body is larger than %d bytes (counted after decoding). Split it into several imports.", limit).
		With("limit", limit)
}

func (d *decoded) tooDense() error {
	return fault.New(fault.TooLarge, "compression-ratio",
		"The body unpacks to more than %d times its size. Send it uncompressed, or compressed less.", d.limits.Ratio).
		With("limit", d.limits.Ratio)
}
