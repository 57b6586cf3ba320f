package query

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/collection"
)

// Op is a comparison.
type Op string

// The comparisons. Absent has no value, In has several, the others have one.
const (
	Equal    Op = "eq"
	In       Op = "in"
	Greater  Op = "gt"
	AtLeast  Op = "gte"
	Less     Op = "lt"
	AtMost   Op = "lte"
	Contains Op = "contains" // an item of the array is equal to the value
	Absent   Op = "absent"   // written as null
)

// ops are the comparisons that a client can name. A value without a comparison means Equal, and null
// means Absent.
var ops = []string{string(Equal), string(In), string(Greater), string(AtLeast), string(Less), string(AtMost), string(Contains)}

// Condition compares a member with values.
type Condition struct {
	Member string
	Op     Op
	// Values are JSON texts, none of them null.
	Values []json.RawMessage
}

// Filter is a list of conditions, which must all be true. In JSON it is an object:
//
//	{"category": "Finance", "price": {"gte": 3, "lt": 9}, "stage": {"in": ["a", "b"]}, "url": null}
type Filter []Condition

// UnmarshalJSON parses the object. Its errors are faults of kind Malformed.
func (f *Filter) UnmarshalJSON(text []byte) error {
	*f = nil
	return eachMember("filter", text, func(member string, value jsontext.Value) error {
		conditions, err := parseConditions(member, value)
		*f = append(*f, conditions...)
		return err
	})
}

// MarshalJSON returns the object; the conditions of a member are together.
func (f Filter) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	var written []string
	for _, c := range f {
		if slices.Contains(written, c.Member) {
			continue
		}
		if len(written) > 0 {
			out.WriteByte(',')
		}
		written = append(written, c.Member)
		name, err := json.Marshal(c.Member)
		if err != nil {
			return nil, fmt.Errorf("writing a filter: %w", err)
		}
		out.Write(name)
		out.WriteByte(':')
		f.writeMember(&out, c.Member)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

func (f Filter) writeMember(out *bytes.Buffer, member string) {
	var parts []string
	for _, c := range f {
		switch {
		case c.Member != member:
		case c.Op == Absent:
			out.WriteString("null")
			return
		case c.Op == In:
			parts = append(parts, `"in":[`+string(bytes.Join(asBytes(c.Values), []byte(",")))+`]`)
		default:
			parts = append(parts, `"`+string(c.Op)+`":`+string(c.Values[0]))
		}
	}
	out.WriteString("{" + strings.Join(parts, ",") + "}")
}

func asBytes(values []json.RawMessage) [][]byte {
	texts := make([][]byte, len(values))
	for i, v := range values {
		texts[i] = v
	}
	return texts
}

// parseConditions parses the conditions of one member: null, a value, or an object of comparisons.
func parseConditions(member string, value jsontext.Value) ([]Condition, error) {
	switch value.Kind() {
	case 'n':
		return []Condition{{Member: member, Op: Absent}}, nil
	case '{':
	default:
		return []Condition{{member, Equal, []json.RawMessage{json.RawMessage(value)}}}, nil
	}
	var conditions []Condition
	err := eachMember("filter."+member, value, func(op string, value jsontext.Value) error {
		if !slices.Contains(ops, op) {
			return malformed("filter.%s: %q is no comparison. There are %s.", member, op, strings.Join(ops, ", ")).With("comparisons", ops)
		}
		values := []json.RawMessage{json.RawMessage(value)}
		if Op(op) == In {
			if err := json.Unmarshal(value, &values); err != nil || len(values) == 0 {
				return malformed("filter.%s.in must be an array of at least one value.", member)
			}
		}
		for _, v := range values {
			if jsontext.Value(v).Kind() == 'n' {
				return malformed("filter.%s.%s must not be null. Write {%q: null} for records without the member.", member, op, member)
			}
		}
		conditions = append(conditions, Condition{member, Op(op), values})
		return nil
	})
	if err == nil && len(conditions) == 0 {
		return nil, malformed("filter.%s is an empty object. It takes a value, null, or an object of %s.", member, strings.Join(ops, ", "))
	}
	return conditions, err
}

// eachMember calls visit for each member of an object, in order.
func eachMember(where string, text []byte, visit func(name string, value jsontext.Value) error) error {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	if token, err := dec.ReadToken(); err != nil || token.Kind() != '{' {
		return malformed("%s must be an object of members, such as {\"category\": \"Finance\"}.", where)
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return parseFault(err)
		}
		member := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return parseFault(err)
		}
		if err := visit(member, value.Clone()); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return parseFault(err)
	}
	return nil
}

// check returns a fault for conditions that the collection does not support.
func (f Filter) check(c *collection.Collection) error {
	values := 0
	for _, condition := range f {
		p, err := findProperty(c, "filter", condition.Member)
		if err != nil {
			return err
		}
		if values += len(condition.Values); values > MaxValues {
			return invalid("filter", "filter must have at most %d values.", MaxValues)
		}
		if err := condition.check(p); err != nil {
			return err
		}
	}
	return nil
}

func (c Condition) check(p collection.Property) error {
	if c.Op == Absent {
		return nil
	}
	if !isComparable(p) {
		return invalid("filter", "filter.%s can only be null: objects can't be compared.", c.Member).With("member", c.Member)
	}
	for _, v := range c.Values {
		if err := checkValue(c.Member, v); err != nil {
			return err
		}
		if !accepts(p, c.Op, v) {
			return invalid("filter", "filter.%s.%s does not take %s: the member is %s.", c.Member, c.Op, typeOf(v), strings.Join(p.Types, " or ")).
				With("member", c.Member)
		}
	}
	return nil
}
