package intake

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"

	"github.com/longshore-io/longshore/pkg/fault"
)

const (
	encodingUTF8    = "utf-8"
	encodingUTF16   = "utf-16" // with a mark, or with the byte order that the first bytes show
	encodingUTF16LE = "utf-16le"
	encodingUTF16BE = "utf-16be"
)

// charmaps are the encodings with one byte for each character. ISO-8859-1 is read as windows-1252, of which it is a
// part except for control characters (WHATWG Encoding Standard, section 4.2).
var charmaps = map[string]encoding.Encoding{
	"windows-1250": charmap.Windows1250,
	"windows-1251": charmap.Windows1251,
	"windows-1252": charmap.Windows1252,
	"iso-8859-1":   charmap.Windows1252,
	"iso-8859-2":   charmap.ISO8859_2,
	"iso-8859-15":  charmap.ISO8859_15,
	"macintosh":    charmap.Macintosh,
	"ibm850":       charmap.CodePage850,
}

// aliases are other names of encodings.
var aliases = map[string]string{
	"utf8": encodingUTF8, "us-ascii": encodingUTF8, "utf16": encodingUTF16, "utf16le": encodingUTF16LE, "utf16be": encodingUTF16BE,
	"cp1250": "windows-1250", "cp1251": "windows-1251", "cp1252": "windows-1252", "latin1": "iso-8859-1", "latin-1": "iso-8859-1", "l1": "iso-8859-1",
	"iso8859-1": "iso-8859-1", "iso_8859-1": "iso-8859-1", "latin2": "iso-8859-2", "latin9": "iso-8859-15", "latin-9": "iso-8859-15",
	"iso8859-15": "iso-8859-15", "iso_8859-15": "iso-8859-15", "mac": "macintosh", "cp850": "ibm850",
}

// canonicalEncoding returns the name of an encoding; empty if it is not supported.
func canonicalEncoding(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	if alias, ok := aliases[name]; ok {
		name = alias
	}
	_, mapped := charmaps[name]
	if mapped || slices.Contains([]string{encodingUTF8, encodingUTF16, encodingUTF16LE, encodingUTF16BE}, name) {
		return name
	}
	return ""
}

func encodingNames() string {
	names := append([]string{encodingUTF8, encodingUTF16, encodingUTF16LE, encodingUTF16BE}, slices.Sorted(maps.Keys(charmaps))...)
	return strings.Join(names, ", ")
}

var (
	utf8Mark  = []byte("\xef\xbb\xbf")
	leMark    = []byte("\xff\xfe")
	beMark    = []byte("\xfe\xff")
	wideMarks = [][]byte{[]byte("\xff\xfe\x00\x00"), []byte("\x00\x00\xfe\xff")} // UTF-32
)

// chooseEncoding returns the encoding of a body by its first bytes and what the client has declared; empty for a body
// that is neither declared nor marked, which must be UTF-8. A byte order mark wins over the declaration (WHATWG
// Encoding Standard, section 6.1).
func chooseEncoding(head []byte, declared string) (string, error) {
	for _, mark := range wideMarks {
		if bytes.HasPrefix(head, mark) {
			return "", fault.New(fault.Malformed, "not-utf8", "The body is encoded in UTF-32. Convert it to UTF-8.")
		}
	}
	switch {
	case bytes.HasPrefix(head, utf8Mark):
		return declaredUTF8(declared), nil
	case bytes.HasPrefix(head, leMark):
		return encodingUTF16LE, nil
	case bytes.HasPrefix(head, beMark):
		return encodingUTF16BE, nil
	case declared == "", declared == encodingUTF16:
		return wideByZeros(head, declared)
	}
	return declared, nil
}

// declaredUTF8 returns the encoding of a body that a mark shows to be UTF-8.
func declaredUTF8(declared string) string {
	if declared == encodingUTF8 {
		return encodingUTF8
	}
	return ""
}

// wideByZeros recognizes UTF-16 without a mark by zeros in the first two bytes: every valid body begins with two
// ASCII characters (RFC 4627, section 3). It is read only if the client has declared UTF-16.
func wideByZeros(head []byte, declared string) (string, error) {
	found := ""
	switch zero := bytes.IndexByte(head[:min(2, len(head))], 0); {
	case len(head) < 2:
	case zero == 1:
		found = encodingUTF16LE
	case zero == 0:
		found = encodingUTF16BE
	}
	switch {
	case declared == "" && found != "":
		return "", fault.New(fault.Malformed, "not-utf8",
			"The body is encoded in UTF-16, without a byte order mark. Send charset=%s in the Content-Type, or ?encoding=%[1]s, or convert it to UTF-8.", found).
			With("encoding", found)
	case declared != "" && found == "":
		return "", fault.New(fault.Malformed, "not-utf8",
			"The body has no byte order mark, so the order of its bytes is unknown. Send charset=%s or charset=%s.", encodingUTF16LE, encodingUTF16BE)
	}
	return found, nil
}

// toUTF8 returns a reader that converts an encoding to UTF-8.
func toUTF8(r io.Reader, name string) io.Reader {
	switch name {
	case encodingUTF16LE:
		return transform.NewReader(r, utf16Decoder{binary.LittleEndian})
	case encodingUTF16BE:
		return transform.NewReader(r, utf16Decoder{binary.BigEndian})
	}
	if mapped, ok := charmaps[name]; ok {
		return transform.NewReader(r, mapped.NewDecoder())
	}
	return r
}

// utf16Decoder converts UTF-16 to UTF-8. Unlike that of golang.org/x/text, it never replaces what is no character: half
// of a surrogate pair and an odd last byte become noCharacter, so that the record is rejected.
type utf16Decoder struct{ order binary.ByteOrder }

// noCharacter is a byte that UTF-8 never has.
const noCharacter = 0xff

// Reset implements transform.Transformer.
func (utf16Decoder) Reset() {}

// Transform implements transform.Transformer.
func (d utf16Decoder) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		if len(dst)-nDst < utf8.UTFMax {
			return nDst, nSrc, transform.ErrShortDst
		}
		rest := src[nSrc:]
		if len(rest) == 1 {
			if !atEOF {
				return nDst, nSrc, transform.ErrShortSrc
			}
			dst[nDst] = noCharacter
			return nDst + 1, nSrc + 1, nil
		}
		unit := rune(d.order.Uint16(rest))
		size := 2
		if utf16.IsSurrogate(unit) {
			if len(rest) < 4 && !atEOF {
				return nDst, nSrc, transform.ErrShortSrc
			}
			if pair := d.pair(unit, rest); pair != utf8.RuneError {
				unit, size = pair, 4
			}
		}
		nSrc += size
		if utf16.IsSurrogate(unit) {
			dst[nDst] = noCharacter
			nDst++
			continue
		}
		nDst += utf8.EncodeRune(dst[nDst:], unit)
	}
	return nDst, nSrc, nil
}

// pair returns the character of a surrogate pair; utf8.RuneError if it is none.
func (d utf16Decoder) pair(first rune, rest []byte) rune {
	if len(rest) < 4 {
		return utf8.RuneError
	}
	return utf16.DecodeRune(first, rune(d.order.Uint16(rest[2:])))
}

// undefined1252 are the bytes that windows-1252 does not define.
const undefined1252 = "\x81\x8d\x8f\x90\x9d"

// maxProposal is how many bytes on each side of a wrong byte a proposal shows.
const maxProposal = 20

// proposal says how a line that is not UTF-8 at a byte could be read. The reader never chooses by itself, because every
// text is valid in most encodings.
func proposal(line []byte, at int) string {
	if hasOtherUTF8(line) {
		return "The rest of the line is UTF-8, so this text is damaged: correct it, or send charset=utf-8 to have such records rejected alone."
	}
	word := around(line, at)
	if containsByte(word, undefined1252) {
		return "Send the name of its encoding as charset in the Content-Type or as ?encoding=: " + encodingNames() + "."
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(word)
	if err != nil {
		text = word
	}
	return fmt.Sprintf("It reads as windows-1252: %q. If that is right, send charset=windows-1252 in the Content-Type, or ?encoding=windows-1252.", text)
}

func containsByte(text []byte, set string) bool {
	return slices.ContainsFunc(text, func(c byte) bool { return strings.IndexByte(set, c) >= 0 })
}

// hasOtherUTF8 reports whether a line has valid characters of several bytes.
func hasOtherUTF8(line []byte) bool {
	for len(line) > 0 {
		r, size := utf8.DecodeRune(line)
		if size > 1 && r != utf8.RuneError {
			return true
		}
		line = line[size:]
	}
	return false
}

// around returns the text around a byte, within its cell.
func around(line []byte, at int) []byte {
	const borders = ",;|\t\"\r\n"
	begin, end := at, at
	for begin > 0 && at-begin < maxProposal && strings.IndexByte(borders, line[begin-1]) < 0 {
		begin--
	}
	for end < len(line) && end-at < maxProposal && strings.IndexByte(borders, line[end]) < 0 {
		end++
	}
	return line[begin:end]
}
