package document

import (
	"strings"
	"sync"

	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
)

// glyphs knows which characters the embedded font can draw. Both of its weights have the same.
type glyphs struct {
	mu     sync.Mutex
	font   *sfnt.Font
	buffer sfnt.Buffer
	known  map[rune]bool
}

var drawable = sync.OnceValue(func() *glyphs {
	font, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		panic(err) // the font is a part of this program
	}
	return &glyphs{font: font, known: make(map[rune]bool)}
})

// lastRune is the last that the PDF library can write; beyond it lie emoji, which the font does not have anyway.
const lastRune = 0xFFFF

func (g *glyphs) has(r rune) bool {
	if r > lastRune {
		return false
	}
	if known, ok := g.known[r]; ok {
		return known
	}
	index, err := g.font.GlyphIndex(&g.buffer, r)
	g.known[r] = err == nil && index != 0
	return g.known[r]
}

// showable replaces what the font can't draw, and what would break a line, by something that it can.
func showable(text string) string {
	g := drawable()
	g.mu.Lock()
	defer g.mu.Unlock()
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u00a0':
			return ' '
		case r < ' ' || !g.has(r):
			return replacement
		default:
			return r
		}
	}, text)
}

// replacement is the white square; the font has it.
const replacement = '□'
