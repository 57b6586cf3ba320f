package infer

import (
	"errors"
	"slices"
	"strings"
)

// condition is an expression in SQL, as pg_get_expr writes it.
type condition struct {
	kind conditionKind
	// text is the name of a column, function, type or operator, or the value of a constant.
	text string
	args []*condition
}

type conditionKind int

const (
	column conditionKind = iota
	number
	text
	array
	cast     // text is the type
	call     // text is the function
	operator // text is the operator, with two args
	anyOf    // text is the operator, with a value and an array
	isNull
	and
	or
)

// errForeign is returned for an expression with anything that no shape needs.
var errForeign = errors.New("the expression is not one that can be read")

// valueName is the name of the column in the conditions of a domain.
const valueName = ""

// parseCondition parses an expression of constants, columns, casts, calls, comparisons, IS NULL, AND and OR. pg_get_expr
// puts every operation in parentheses, so that no precedence of operators matters.
func parseCondition(sql string) (*condition, error) {
	tokens, err := tokenize(sql)
	if err != nil {
		return nil, err
	}
	p := &conditionParser{tokens: tokens}
	parsed, err := p.expression()
	if err == nil && len(p.tokens) > 0 {
		return nil, errForeign
	}
	return parsed, err
}

type conditionParser struct{ tokens []token }

// take removes the next token if it is the punctuation, operator or keyword.
func (p *conditionParser) take(symbol string) bool {
	if len(p.tokens) == 0 || p.tokens[0] != (token{symbolToken, symbol}) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

// next removes the next token of the kind.
func (p *conditionParser) next(kind tokenKind) (string, bool) {
	if len(p.tokens) == 0 || p.tokens[0].kind != kind {
		return "", false
	}
	value := p.tokens[0].text
	p.tokens = p.tokens[1:]
	return value, true
}

// expression parses an operand and what follows it within the same parentheses.
func (p *conditionParser) expression() (*condition, error) {
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	if p.take("IS") {
		if p.take("NULL") {
			return &condition{kind: isNull, args: []*condition{left}}, nil
		}
		return nil, errForeign
	}
	for _, one := range []struct {
		keyword string
		kind    conditionKind
	}{{"AND", and}, {"OR", or}} {
		if len(p.tokens) > 0 && p.tokens[0] == (token{symbolToken, one.keyword}) {
			return p.junction(left, one.keyword, one.kind)
		}
	}
	name, ok := p.next(operatorToken)
	if !ok {
		return left, nil
	}
	kind := operator
	if p.take("ANY") {
		kind = anyOf
	}
	right, err := p.operand()
	return &condition{kind: kind, text: name, args: []*condition{left, right}}, err
}

func (p *conditionParser) junction(first *condition, keyword string, kind conditionKind) (*condition, error) {
	all := &condition{kind: kind, args: []*condition{first}}
	for p.take(keyword) {
		next, err := p.operand()
		if err != nil {
			return nil, err
		}
		all.args = append(all.args, next)
	}
	return all, nil
}

// operand parses a constant, a column, a call or an expression in parentheses, with its casts.
func (p *conditionParser) operand() (*condition, error) {
	parsed, err := p.uncast()
	for err == nil && p.take("::") {
		var name string
		if name, err = p.typeName(); err == nil {
			parsed = &condition{kind: cast, text: name, args: []*condition{parsed}}
		}
	}
	return parsed, err
}

func (p *conditionParser) uncast() (*condition, error) {
	if value, ok := p.next(numberToken); ok {
		return &condition{kind: number, text: value}, nil
	}
	if value, ok := p.next(textToken); ok {
		return &condition{kind: text, text: value}, nil
	}
	if name, ok := p.next(nameToken); ok {
		if !p.take("(") {
			return &condition{kind: column, text: name}, nil
		}
		args, err := p.list(")")
		return &condition{kind: call, text: name, args: args}, err
	}
	switch {
	case p.take("VALUE"):
		return &condition{kind: column, text: valueName}, nil
	case p.take("ARRAY"):
		if !p.take("[") {
			return nil, errForeign
		}
		items, err := p.list("]")
		return &condition{kind: array, args: items}, err
	case p.take("("):
		inner, err := p.expression()
		if err == nil && !p.take(")") {
			return nil, errForeign
		}
		return inner, err
	}
	return nil, errForeign
}

// list parses expressions with commas between them, up to the closing symbol.
func (p *conditionParser) list(closing string) (items []*condition, err error) {
	for {
		item, err := p.expression()
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		if p.take(closing) {
			return items, nil
		}
		if !p.take(",") {
			return nil, errForeign
		}
	}
}

// typeName parses the name of a type, perhaps of an array, without a length or a scale.
func (p *conditionParser) typeName() (string, error) {
	var words []string
	for {
		word, ok := p.next(nameToken)
		if !ok {
			break
		}
		words = append(words, word)
	}
	name := strings.Join(words, " ")
	if p.take("[") {
		if !p.take("]") {
			return "", errForeign
		}
		name += "[]"
	}
	if name == "" || len(p.tokens) > 0 && slices.Contains([]token{{symbolToken, "("}, {symbolToken, "."}}, p.tokens[0]) {
		return "", errForeign
	}
	return name, nil
}
