package intake

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// dataMember is the member of an object that contains the records (seed 000).
const dataMember = "data"

// lenient are the options with which records are parsed: an error that affects only one record is
// left to the importer.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// jsonParser parses a body of format JSON. Outside of the records it reads token by token, so that
// other members are checked and not kept in memory.
type jsonParser struct {
	input   *input
	decoder *jsontext.Decoder
	base    int64 // offset of the decoder's first byte
	state   jsonState
	wrapped bool // the array of records is a member of an object
	bare    bool // the records follow each other without an array
}

type jsonState int

const (
	beforeRecords jsonState = iota
	inRecords
	afterRecords
)

// newJSONParser returns a parser of an array of records, or with bare of records that follow each other.
func newJSONParser(in *input, bare bool) *jsonParser {
	p := &jsonParser{input: in, decoder: jsontext.NewDecoder(in, lenient...), base: in.offset, bare: bare}
	if bare {
		p.state = inRecords
	}
	return p
}

func (p *jsonParser) inRecord() bool { return p.state == inRecords }

func (p *jsonParser) next() ([]byte, int64, error) {
	if p.state == beforeRecords {
		if err := p.enter(); err != nil {
			return nil, 0, err
		}
		p.state = inRecords
	}
	if p.peek() == ']' && !p.bare {
		p.state = afterRecords
		return nil, 0, p.leave()
	}
	value, err := p.decoder.ReadValue()
	if err != nil {
		return nil, 0, p.translate(err)
	}
	return value, p.offset() - int64(len(value)), nil
}

// enter reads up to the bracket that opens the array of records.
func (p *jsonParser) enter() error {
	switch p.peek() {
	case '[':
		_, err := p.token()
		return err
	case '{':
		p.wrapped = true
		if _, err := p.token(); err != nil {
			return err
		}
		return p.enterMember()
	default:
		err := p.wrongType("the body must be an array of records, or an object with the array as its member \"data\"")
		if errors.Is(err, io.EOF) { // nothing but space
			return emptyBody()
		}
		return err
	}
}

func (p *jsonParser) enterMember() error {
	for p.peek() != '}' {
		name, err := p.token()
		if err != nil {
			return err
		}
		if name.String() != dataMember {
			if err := p.skip(); err != nil {
				return err
			}
			continue
		}
		if p.peek() != '[' {
			return p.wrongType("the member \"data\" must be an array of records")
		}
		_, err = p.token()
		return err
	}
	return p.wrongType("the object has no member \"data\" with an array of records; send records as an array, or one on each line as application/x-ndjson")
}

// leave reads from the end of the array to the end of the body and returns io.EOF.
func (p *jsonParser) leave() error {
	if _, err := p.token(); err != nil {
		return err
	}
	for p.wrapped && p.peek() != '}' {
		nameAt := p.peekedOffset()
		name, err := p.token()
		if err != nil {
			return err
		}
		if name.String() == dataMember {
			return p.input.malformedJSON("the member \"data\" occurs a second time", nameAt)
		}
		if err := p.skip(); err != nil {
			return err
		}
	}
	if p.wrapped {
		if _, err := p.token(); err != nil {
			return err
		}
	}
	return p.end()
}

// end returns io.EOF, or a fault if anything follows the outermost value.
func (p *jsonParser) end() error {
	p.peek()
	tokenAt := p.peekedOffset()
	_, err := p.decoder.ReadToken()
	if _, syntax := errors.AsType[*jsontext.SyntacticError](err); syntax || err == nil {
		return p.input.malformedJSON("something follows the end of the records", tokenAt)
	}
	return p.translate(err)
}

// skip reads a value and drops it.
func (p *jsonParser) skip() error {
	outside := p.decoder.StackDepth()
	for {
		p.peek()
		tokenAt := p.peekedOffset()
		if _, err := p.token(); err != nil {
			return err
		}
		depth := p.decoder.StackDepth() - outside
		if depth > p.input.limits.Depth {
			return p.input.tooDeep(tokenAt)
		}
		if depth == 0 {
			return nil
		}
	}
}

// peek returns the kind of the next token. The read that follows returns its error.
func (p *jsonParser) peek() jsontext.Kind {
	p.input.beginRecord(p.offset())
	return p.decoder.PeekKind()
}

// token reads the next token.
func (p *jsonParser) token() (jsontext.Token, error) {
	token, err := p.decoder.ReadToken()
	if err != nil {
		return token, p.translate(err)
	}
	return token, nil
}

// offset returns the offset in the body of the decoder's next byte.
func (p *jsonParser) offset() int64 { return p.base + p.decoder.InputOffset() }

// peekedOffset returns the offset in the body of the token that peek has returned.
func (p *jsonParser) peekedOffset() int64 {
	unread := p.decoder.UnreadBuffer()
	return p.offset() + int64(len(unread)-len(bytes.TrimLeft(unread, " \t\r\n,:")))
}

// wrongType reports that the next value has the wrong type, or a syntax error in it.
func (p *jsonParser) wrongType(reason string) error {
	valueAt := p.peekedOffset()
	if _, err := p.token(); err != nil {
		return err
	}
	return p.input.malformedJSON(reason, valueAt)
}

// translate converts an error of the decoder to a fault or to the error of the input.
func (p *jsonParser) translate(err error) error {
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	if cause := p.input.failure(); ok && cause != nil && errors.Is(err, io.ErrUnexpectedEOF) {
		return cause // jsontext reports a failed input as a text that ends too early
	}
	if ok {
		return p.input.syntaxError(syntax, p.base, p.decoder.UnreadBuffer(), p.offset())
	}
	if errors.Is(p.input.err, errRecordTooLarge) {
		return p.input.recordTooLarge(p.peekedOffset())
	}
	if failure := p.input.failure(); failure != nil {
		return failure
	}
	return err
}
