package intake

import (
	"errors"
	"fmt"
	"hash"
	"io"
)

// Body is a request body as it is received, before its content coding is undone. It limits and
// counts the received bytes, and can compute their digest. It is not safe for concurrent use.
type Body struct {
	reader io.Reader
	limit  int64
	digest hash.Hash
	bytes  int64
	err    error  // of the transfer; nil also after io.EOF
	head   []byte // read ahead by peek
	ended  error  // the error that peek met
	hold   func(bytes int) error
}

// NewBody returns the body that r reads. limit is the maximum number of its bytes after decoding:
// somewhat more may be received, because incompressible data grows when it is compressed. digest,
// unless it is nil, is updated with every received byte.
func NewBody(r io.Reader, limit int64, digest hash.Hash) *Body {
	return &Body{reader: r, limit: limit, digest: digest}
}

// SetHold sets a function that is called before memory is used for a record of more than 64 KiB, or for
// a decoder of zstd, with the number of bytes that are needed in addition. Its error ends the reading.
func (b *Body) SetHold(hold func(bytes int) error) { b.hold = hold }

// holdMore calls the function of SetHold.
func (b *Body) holdMore(bytes int) error {
	if b.hold == nil {
		return nil
	}
	return b.hold(bytes)
}

// peek returns the next bytes without consuming them: n, or fewer at the end of the body or after an error.
func (b *Body) peek(n int) []byte {
	for len(b.head) < n && b.ended == nil {
		block := make([]byte, n-len(b.head))
		var read int
		read, b.ended = b.receive(block)
		b.head = append(b.head, block[:read]...)
	}
	return b.head
}

// Read reads received bytes; its error is that of receive.
func (b *Body) Read(p []byte) (int, error) {
	switch {
	case len(b.head) > 0:
		n := copy(p, b.head)
		b.head = b.head[n:]
		return n, nil
	case b.ended != nil:
		return 0, b.ended
	}
	return b.receive(p)
}

// receive reads received bytes. Its error is a fault of kind TooLarge beyond the limit; otherwise it is
// that of the underlying reader. It remembers the error, because the decoders report a failed
// transfer and a damaged stream in the same way.
func (b *Body) receive(p []byte) (int, error) {
	n, err := b.reader.Read(p)
	b.bytes += int64(n)
	if b.digest != nil {
		_, _ = b.digest.Write(p[:n]) // a hash never fails
	}
	switch {
	case b.bytes > b.limit+b.limit/100+slack: // without this limit an endless stream could decode to nothing
		b.err = bodyTooLarge(b.limit)
		return 0, b.err
	case err == nil, err == io.EOF: // itself: a wrapped io.EOF is a failed transfer
	case errors.Is(err, io.EOF):
		b.err = fmt.Errorf("reading the body: %w: %s", io.ErrUnexpectedEOF, err.Error())
	default:
		b.err = fmt.Errorf("reading the body: %w", err)
	}
	return n, err
}

// HasDigest reports whether a digest is computed.
func (b *Body) HasDigest() bool { return b.digest != nil }

// Digest reads the rest of the body and returns the digest of all of it; nil without a digest. Its
// errors are those of Reader.Next.
func (b *Body) Digest() ([]byte, error) {
	if b.digest == nil {
		return nil, nil
	}
	if b.err == nil {
		_, _ = io.Copy(io.Discard, b)
	}
	if b.err != nil {
		return nil, b.err
	}
	return b.digest.Sum(nil), nil
}
