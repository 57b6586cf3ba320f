package intake

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// member is where an object holds its records (seed 000).
const member = "data"

// lenient leaves to the importer what spoils only the record that it is in.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// array reads a body of format JSON. Outside of the records it goes token by token, so that what stands beside
// them is checked and never held.
type array struct {
	source  *source
	decoder *jsontext.Decoder
	base    int64 // offset of the decoder's first byte
	state   arrayState
	wrapped bool // in an object
}

type arrayState int

const (
	before arrayState = iota
	inside
	after
)

func newArray(s *source) *array {
	return &array{source: s, decoder: jsontext.NewDecoder(s, lenient...), base: s.offset}
}

func (a *array) inRecord() bool { return a.state == inside }

func (a *array) next() ([]byte, int64, error) {
	if a.state == before {
		if err := a.enter(); err != nil {
			return nil, 0, err
		}
		a.state = inside
	}
	if a.peek() == ']' {
		a.state = after
		return nil, 0, a.leave()
	}
	value, err := a.decoder.ReadValue()
	if err != nil {
		return nil, 0, a.explain(err)
	}
	return value, a.offset() - int64(len(value)), nil
}

// enter reads up to and with the bracket that opens the records.
func (a *array) enter() error {
	switch a.peek() {
	case '[':
		_, err := a.token()
		return err
	case '{':
		a.wrapped = true
		if _, err := a.token(); err != nil {
			return err
		}
		return a.enterMember()
	default:
		err := a.wrongShape("the body must be an array of records, or an object with the array as its member \"data\"")
		if errors.Is(err, io.EOF) { // nothing but space
			return emptyBody()
		}
		return err
	}
}

func (a *array) enterMember() error {
	for a.peek() != '}' {
		name, err := a.token()
		if err != nil {
			return err
		}
		if name.String() != member {
			if err := a.skip(); err != nil {
				return err
			}
			continue
		}
		if a.peek() != '[' {
			return a.wrongShape("the member \"data\" must be an array of records")
		}
		_, err = a.token()
		return err
	}
	return a.wrongShape("the object has no member \"data\" with an array of records")
}

// leave reads what follows the records, to the end of the body, and returns io.EOF.
func (a *array) leave() error {
	if _, err := a.token(); err != nil {
		return err
	}
	for a.wrapped && a.peek() != '}' {
		at := a.upcoming()
		name, err := a.token()
		if err != nil {
			return err
		}
		if name.String() == member {
			return a.malformed("the member \"data\" occurs a second time", at)
		}
		if err := a.skip(); err != nil {
			return err
		}
	}
	if a.wrapped {
		if _, err := a.token(); err != nil {
			return err
		}
	}
	return a.end()
}

// end makes sure that nothing follows the outermost value.
func (a *array) end() error {
	a.peek()
	at := a.upcoming()
	_, err := a.decoder.ReadToken()
	if _, syntax := errors.AsType[*jsontext.SyntacticError](err); syntax || err == nil {
		return a.malformed("something follows the end of the records", at)
	}
	return a.explain(err)
}

// skip reads a value and drops it.
func (a *array) skip() error {
	outside := a.decoder.StackDepth()
	for {
		a.peek()
		at := a.upcoming()
		if _, err := a.token(); err != nil {
			return err
		}
		depth := a.decoder.StackDepth() - outside
		if depth > a.source.limits.Depth {
			return a.source.tooDeep(at)
		}
		if depth == 0 {
			return nil
		}
	}
}

// peek moves the fence to the next token and looks at it. Any error is left to the read that follows.
func (a *array) peek() jsontext.Kind {
	a.source.begin(a.offset())
	return a.decoder.PeekKind()
}

// token reads what peek looked at.
func (a *array) token() (jsontext.Token, error) {
	token, err := a.decoder.ReadToken()
	if err != nil {
		return token, a.explain(err)
	}
	return token, nil
}

// offset is where the decoder's next byte stands in the body.
func (a *array) offset() int64 { return a.base + a.decoder.InputOffset() }

// upcoming is where the token begins that peek looked at.
func (a *array) upcoming() int64 {
	unread := a.decoder.UnreadBuffer()
	return a.offset() + int64(len(unread)-len(bytes.TrimLeft(unread, " \t\r\n,:")))
}

// wrongShape refuses the value that peek looked at, unless it is not even a value.
func (a *array) wrongShape(reason string) error {
	at := a.upcoming()
	if _, err := a.token(); err != nil {
		return err
	}
	return a.malformed(reason, at)
}

// explain makes a fault of what the decoder reports.
func (a *array) explain(err error) error {
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	if cause := a.source.failed(); ok && cause != nil && errors.Is(err, io.ErrUnexpectedEOF) {
		return cause // jsontext takes a coding or a connection that broke for a text that ends too early
	}
	if ok {
		return a.source.syntaxError(syntax, a.base, a.decoder.UnreadBuffer(), a.offset())
	}
	if errors.Is(a.source.err, errFence) {
		return a.source.recordTooLarge(a.upcoming())
	}
	if failure := a.source.failed(); failure != nil {
		return failure
	}
	return err
}

func (a *array) malformed(reason string, offset int64) error {
	return a.source.malformed("malformed-json", "JSON", reason, offset)
}
