package workbook

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// style is what the format of a cell makes of a number.
type style int

const (
	plain style = iota // a number, also as a percentage or an amount of money
	dateStyle
	timeStyle
	dateTimeStyle
	durationStyle // hours beyond 24
)

// builtIn are the formats without a code in the file (ECMA-376, part 1, section 18.8.30), with those of East Asia.
var builtIn = map[int]style{
	14: dateStyle, 15: dateStyle, 16: dateStyle, 17: dateStyle, 18: timeStyle, 19: timeStyle, 20: timeStyle, 21: timeStyle, 22: dateTimeStyle,
	27: dateStyle, 28: dateStyle, 29: dateStyle, 30: dateStyle, 31: dateStyle, 32: timeStyle, 33: timeStyle, 34: timeStyle, 35: timeStyle,
	36: dateStyle, 45: timeStyle, 46: durationStyle, 47: timeStyle, 50: dateStyle, 51: dateStyle, 52: dateStyle, 53: dateStyle, 54: dateStyle,
	55: timeStyle, 56: timeStyle, 57: dateStyle, 58: dateStyle,
}

// readStyles reads what the formats of cells mean.
func (b *Book) readStyles(d *xml.Decoder) error {
	codes := map[int]string{}
	cells := false
	for {
		token, err := d.RawToken()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			id, _ := strconv.Atoi(attribute(t, "numFmtId"))
			switch {
			case t.Name.Local == "numFmt":
				codes[id] = attribute(t, "formatCode")
			case t.Name.Local == "cellXfs":
				cells = true
			case t.Name.Local == "xf" && cells:
				b.styles = append(b.styles, styleOf(id, codes))
			}
		case xml.EndElement:
			if t.Name.Local == "cellXfs" {
				cells = false
			}
		}
	}
}

func styleOf(id int, codes map[int]string) style {
	if code, ok := codes[id]; ok {
		return styleOfCode(code)
	}
	return builtIn[id]
}

// styleOfCode finds out whether a format code, such as [$-407]dd.mm.yyyy, shows a date or a time. Only its first section
// counts, which is that of positive numbers.
func styleOfCode(code string) style {
	letters := codeLetters(code)
	hours := strings.ContainsAny(letters, "hs")
	days := strings.ContainsAny(letters, "yd")
	switch {
	case strings.Contains(letters, "["):
		return durationStyle
	case hours && days:
		return dateTimeStyle
	case hours:
		return timeStyle
	case days, strings.Contains(letters, "m"):
		return dateStyle
	}
	return plain
}

// codeLetters returns the letters of a format code that stand for parts of a date or a time, in lower case, and "[" for a
// part in brackets, which counts hours, minutes or seconds beyond a day. It leaves out literal texts, colours,
// currencies, and the word General.
func codeLetters(code string) string {
	var letters strings.Builder
	code = strings.ReplaceAll(strings.ToLower(code), "general", "")
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case ';':
			return letters.String()
		case '\\', '_', '*':
			i++
		case '"':
			end := strings.IndexByte(code[i+1:], '"')
			if end < 0 {
				return letters.String()
			}
			i += end + 1
		case '[':
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				return letters.String()
			}
			if isElapsed(code[i+1 : i+end]) {
				letters.WriteByte('[')
			}
			i += end
		case 'y', 'm', 'd', 'h', 's':
			letters.WriteByte(c)
		}
	}
	return letters.String()
}

// isElapsed reports whether the text of brackets is a part that counts beyond a day, such as hh.
func isElapsed(text string) bool {
	for _, letter := range []string{"h", "m", "s"} {
		if text != "" && strings.Trim(text, letter) == "" {
			return true
		}
	}
	return false
}
