package collection

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxIdentifier is the maximum length of a name in Postgres, in bytes (NAMEDATALEN - 1).
const maxIdentifier = 63

// ParseTable parses the name of a table, with its schema or without, as SQL writes it: public.books,
// "Order Items", sales."Order". A name without quotes is in lower case, whatever it is written in; between
// quotes every character stands for itself, and "" for a quote. It returns one or two names.
func ParseTable(text string) (names []string, err error) {
	rest := text
	for {
		var name string
		if name, rest, err = cutIdentifier(rest); err != nil {
			return nil, fmt.Errorf("%q is not the name of a table: %w", text, err)
		}
		names = append(names, name)
		if rest == "" {
			break
		}
		if rest[0] != '.' {
			return nil, fmt.Errorf("%q is not the name of a table: names with other characters than letters, digits and _ are written in quotes", text)
		}
		rest = rest[1:]
	}
	if len(names) > 2 {
		return nil, fmt.Errorf("%q is not the name of a table: it has more than a schema and a name", text)
	}
	return names, nil
}

// cutIdentifier cuts the identifier at the start of a text.
func cutIdentifier(text string) (name, rest string, err error) {
	if strings.HasPrefix(text, `"`) {
		name, rest, err = cutQuoted(text[1:])
	} else {
		end := strings.IndexFunc(text, func(r rune) bool { return r != '_' && r != '$' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if end < 0 {
			end = len(text)
		}
		name, rest = strings.ToLower(text[:end]), text[end:]
		if name != "" && (name[0] == '$' || unicode.IsDigit(rune(name[0]))) {
			err = errors.New("a name without quotes begins with a letter or _")
		}
	}
	switch {
	case err != nil:
		return "", "", err
	case name == "":
		return "", "", errors.New("a name is empty")
	case len(name) > maxIdentifier || !utf8.ValidString(name) || strings.ContainsRune(name, 0):
		return "", "", errors.New("a name has at most 63 bytes")
	}
	return name, rest, nil
}

func cutQuoted(text string) (name, rest string, err error) {
	for {
		before, after, closed := strings.Cut(text, `"`)
		if !closed {
			return "", "", errors.New("a quote is not closed")
		}
		name += before
		if !strings.HasPrefix(after, `"`) {
			return name, after, nil
		}
		name, text = name+`"`, after[1:]
	}
}
