package workbook

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"sort"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// blockBytes is the size from which a block of texts is compressed.
const blockBytes = 64 << 10

// maxBlocks is how many blocks are kept uncompressed. Cells name texts mostly in the order of the texts.
const maxBlocks = 8

// texts are the shared texts of a workbook, compressed in blocks. Most workbooks have each text once, in the order of
// the cells, so that few blocks are decompressed twice.
type texts struct {
	limit, bytes int
	count        int
	current      []byte
	blocks       []textBlock
	recent       []openBlock // the last one used first
	packer       *zstd.Encoder
	unpacker     *zstd.Decoder
}

type textBlock struct {
	first  int // the number of its first text
	packed []byte
}

type openBlock struct {
	block int
	texts []string
}

func newTexts(limit int) (*texts, error) {
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(2*blockBytes), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("preparing the shared texts: %w", err)
	}
	unpacker, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fmt.Errorf("preparing the shared texts: %w", err)
	}
	return &texts{limit: limit, blocks: []textBlock{{}}, packer: packer, unpacker: unpacker}, nil
}

func (t *texts) add(text string) error {
	t.current = binary.AppendUvarint(t.current, uint64(len(text)))
	t.current = append(t.current, text...)
	t.count++
	if len(t.current) >= blockBytes {
		return t.close()
	}
	return nil
}

// close compresses the current block and begins another one.
func (t *texts) close() error {
	last := &t.blocks[len(t.blocks)-1]
	last.packed = bytes.Clone(t.packer.EncodeAll(t.current, nil))
	t.bytes += len(last.packed)
	t.current = t.current[:0]
	t.blocks = append(t.blocks, textBlock{first: t.count})
	if t.bytes > t.limit {
		return wrong("its different texts need more than %d MiB of memory; save it as CSV", t.limit>>20)
	}
	return nil
}

// get returns a text by its number, from 0.
func (t *texts) get(i int) (string, error) {
	if i < 0 || i >= t.count {
		return "", wrong("a cell names the shared text %d, and there are %d", i, t.count)
	}
	n := sort.Search(len(t.blocks), func(n int) bool { return t.blocks[n].first > i }) - 1
	block, err := t.load(n)
	if err != nil {
		return "", err
	}
	return block[i-t.blocks[n].first], nil
}

// load returns the texts of a block.
func (t *texts) load(n int) ([]string, error) {
	for i, open := range t.recent {
		if open.block == n {
			copy(t.recent[1:i+1], t.recent[:i])
			t.recent[0] = open
			return open.texts, nil
		}
	}
	packed := t.blocks[n].packed
	plain, err := t.unpacker.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("reading shared texts: %w", err)
	}
	all := string(plain)
	var block []string
	for all != "" {
		size, used := binary.Uvarint([]byte(all[:min(len(all), binary.MaxVarintLen64)]))
		end := used + int(size) //nolint:gosec // add has written it from an int
		block = append(block, all[used:end])
		all = all[end:]
	}
	t.recent = append([]openBlock{{n, block}}, t.recent[:min(len(t.recent), maxBlocks-1)]...)
	return block, nil
}

// readTexts reads the part with the shared texts.
func (b *Book) readTexts(d *xml.Decoder, maxCell int) error {
	for {
		token, err := d.RawToken()
		if err != nil {
			_ = b.texts.close() // nothing follows that needs memory
			return err
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "si" {
			text, err := readText(d, "si", maxCell)
			if err != nil {
				return err
			}
			if err := b.texts.add(text); err != nil {
				return err
			}
		}
	}
}

// readText reads the text of an element up to its end: all runs of it, without phonetic hints.
func readText(d *xml.Decoder, element string, maxCell int) (string, error) {
	var text strings.Builder
	inText, phonetic := false, 0
	for {
		token, err := d.RawToken()
		if err != nil {
			return "", cutOff(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			inText = t.Name.Local == "t"
			if t.Name.Local == "rPh" {
				phonetic++
			}
		case xml.EndElement:
			inText = false
			switch t.Name.Local {
			case element:
				return unescape(text.String()), nil
			case "rPh":
				phonetic--
			}
		case xml.CharData:
			if inText && phonetic == 0 {
				text.Write(t)
			}
			if text.Len() > maxCell {
				return "", wrong("a text of it is longer than %d bytes", maxCell)
			}
		}
	}
}

// unescape replaces the characters that XML cannot have, as Office writes them: _x000D_.
func unescape(text string) string {
	if !strings.Contains(text, "_x") {
		return text
	}
	var out strings.Builder
	for {
		i := strings.Index(text, "_x")
		if i < 0 {
			out.WriteString(text)
			return out.String()
		}
		out.WriteString(text[:i])
		text = text[i:]
		var code rune
		if len(text) >= len("_x000D_") && text[6] == '_' {
			if n, err := fmt.Sscanf(text[2:6], "%04X", &code); err != nil || n != 1 || 0xd800 <= code && code < 0xe000 || !isHex(text[2:6]) {
				code = -1
			}
		} else {
			code = -1
		}
		if code < 0 {
			out.WriteString("_x")
			text = text[len("_x"):]
			continue
		}
		out.WriteRune(code)
		text = text[len("_x000D_"):]
	}
}

func isHex(text string) bool {
	return strings.Trim(text, "0123456789abcdefABCDEF") == ""
}
