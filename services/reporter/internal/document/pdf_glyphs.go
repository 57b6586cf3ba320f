package document

import (
	"strings"
	"sync"

	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
)

// glyphs reports which characters the embedded font contains. Both of its weights contain the same.
// Access requires mu.
type glyphs struct {
	mu     sync.Mutex
	font   *sfnt.Font
	buffer sfnt.Buffer
	cache  map[rune]bool
}

var fontGlyphs = sync.OnceValue(func() *glyphs {
	font, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		panic(err) // the font is embedded
	}
	return &glyphs{font: font, cache: make(map[rune]bool)}
})

// maxRune is the last character that the PDF library can write. The font contains none of the emoji
// beyond.
const maxRune = 0xFFFF

func (g *glyphs) contains(r rune) bool {
	if r > maxRune {
		return false
	}
	if contained, ok := g.cache[r]; ok {
		return contained
	}
	index, err := g.font.GlyphIndex(&g.buffer, r)
	g.cache[r] = err == nil && index != 0
	return g.cache[r]
}

// replacement is shown for characters that the font does not contain: the white square, which it
// does.
const replacement = '□'

// printable replaces the characters that the font does not contain, and white space that would
// break a line.
func printable(text string) string {
	g := fontGlyphs()
	g.mu.Lock()
	defer g.mu.Unlock()
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u00a0':
			return ' '
		case r < ' ' || !g.contains(r):
			return replacement
		default:
			return r
		}
	}, text)
}
