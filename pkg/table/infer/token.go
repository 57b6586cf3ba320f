package infer

import (
	"regexp"
	"strings"
)

// token is a word of an expression in SQL.
type token struct {
	kind tokenKind
	text string
}

type tokenKind int

const (
	nameToken     tokenKind = iota
	symbolToken             // punctuation or a keyword
	operatorToken           // such as <=
	numberToken
	textToken
)

// tokenForms are the forms of tokens. pg_get_expr writes keywords in upper case, and puts names with capitals and names that
// are keywords in quotes.
var tokenForms = []struct {
	kind tokenKind
	form *regexp.Regexp
}{
	{symbolToken, regexp.MustCompile(`^(?:::|[][(),.]|[A-Z]+\b)`)},
	{nameToken, regexp.MustCompile(`^(?:[a-z_][a-z0-9_$]*|"(?:[^"]|"")+")`)},
	{numberToken, regexp.MustCompile(`^\d+(?:\.\d+)?`)},
	{textToken, regexp.MustCompile(`^'(?:[^']|'')*'`)},
	{operatorToken, regexp.MustCompile(`^[-+*/<>=~!@#%^&|?]+`)},
}

// tokenize splits an expression into its tokens.
func tokenize(sql string) (tokens []token, err error) {
	for rest := strings.TrimLeft(sql, " "); rest != ""; rest = strings.TrimLeft(rest, " ") {
		one, length := cutToken(rest)
		if length == 0 {
			return nil, errForeign
		}
		tokens, rest = append(tokens, one), rest[length:]
	}
	return tokens, nil
}

func cutToken(sql string) (token, int) {
	for _, f := range tokenForms {
		found := f.form.FindString(sql)
		if found == "" {
			continue
		}
		value := found
		if quote := found[:1]; f.kind == textToken || quote == `"` {
			value = strings.ReplaceAll(found[1:len(found)-1], quote+quote, quote)
		}
		return token{f.kind, value}, len(found)
	}
	return token{}, 0
}
