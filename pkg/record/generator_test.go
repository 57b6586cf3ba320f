package record_test

import (
	"strings"

	"pgregory.net/rapid"
)

// Fragments of JSON text. The names say whether a record with them can be valid.
var (
	goodText = []string{
		"a", "plain text ", "ä", "漢字", "𝄞", `\n`, `\"`, `\\`, `\/`, `\u00e4`, `\uFFFF`, `\ud83d\ude00`, `\u0001`, "\x7f",
		"\ufffd", "\uffff", "{", "]", ",", ":", "'", `\b\f\r\t`,
	}
	badText    = []string{`\u0000`, `\ud800`, `\udc00`, `\ud800\u0041`, `\uDBFF\u`, "\xff", "\xed\xa0\x80", "\xc0\x80", "\xe2\x82", "\x00", "\n", `\x`, `\u12g4`, `\`}
	goodNumber = []string{
		"0", "-0", "1", "42", "-7.25", "0.001", "1e3", "1E-3", "-1.5e+10", "9007199254740993", "1e400", "-1e-400",
		"0e0", "0.0", "0e-400", "1234567890123456789012345678901234567890", "0.000000000000000000000000000000000000000",
	}
	badNumber = []string{"01", "1.", ".5", "-", "1e", "+1", "1e401", "0.1e-400", "12345678901234567890123456789012345678901", "NaN", "0x1", "1e99999999999999999999"}
	spaces    = []string{"", "", "", " ", "\n", "\t \r"}
)

// generator draws JSON text.
type generator struct {
	t *rapid.T
	// faulty lets it draw an invalid fragment now and then.
	faulty bool
}

func (g generator) pick(good, bad []string) string {
	if g.faulty && rapid.IntRange(0, 30).Draw(g.t, "bad") == 30 {
		return rapid.SampledFrom(bad).Draw(g.t, "fragment")
	}
	return rapid.SampledFrom(good).Draw(g.t, "fragment")
}

func (g generator) space() string { return rapid.SampledFrom(spaces).Draw(g.t, "space") }

func (g generator) text() string {
	var b strings.Builder
	b.WriteByte('"')
	for range rapid.IntRange(0, 5).Draw(g.t, "fragments") {
		b.WriteString(g.pick(goodText, badText))
	}
	b.WriteByte('"')
	return b.String()
}

func (g generator) value(depth int) string {
	kinds := 3
	if depth > 0 {
		kinds = 5
	}
	switch rapid.IntRange(0, kinds).Draw(g.t, "kind") {
	case 0, 1:
		return g.text()
	case 2:
		return g.pick(goodNumber, badNumber)
	case 3:
		return g.pick([]string{"true", "false", "null"}, []string{"True", "nul", "falsey"})
	case 4:
		return g.list('[', ']', func() string { return g.value(depth - 1) })
	default:
		return g.list('{', '}', func() string { return g.text() + g.space() + ":" + g.space() + g.value(depth-1) })
	}
}

func (g generator) list(opening, closing byte, item func() string) string {
	items := make([]string, rapid.IntRange(0, 4).Draw(g.t, "items"))
	for i := range items {
		items[i] = g.space() + item() + g.space()
	}
	return string(opening) + strings.Join(items, g.pick([]string{","}, []string{"", ",,", ";"})) + string(closing)
}

// record draws a record with the names, sometimes in another order, more than once, or with an
// undeclared name.
func (g generator) record(names []string) string {
	drawn := rapid.SliceOfN(rapid.SampledFrom(names), 0, len(names)).Draw(g.t, "names")
	items := make([]string, 0, len(drawn))
	for _, name := range drawn {
		quoted := g.pick([]string{`"` + name + `"`}, []string{`"other"`, strings.ToUpper(`"` + name + `"`), `"\u0069d"`, g.text()})
		items = append(items, g.space()+quoted+g.space()+":"+g.space()+g.value(3)+g.space())
	}
	return g.space() + "{" + strings.Join(items, ",") + "}" + g.space() + g.pick([]string{""}, []string{"{}", "}", "\x00", "\xff"})
}
