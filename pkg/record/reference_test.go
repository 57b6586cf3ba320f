package record_test

import (
	"bytes"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/record"
)

// tight are limits that small inputs exceed.
var tight = record.Limits{Depth: 4, Members: 6}

// lenient makes jsontext accept everything that the grammar of JSON allows (RFC 8259).
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// acceptable is the reference: it implements the documented rules of Read with jsontext.
func acceptable(raw []byte, declared []string) bool {
	if !jsontext.Value(raw).IsValid() || jsontext.Value(raw).Kind() != '{' {
		return false
	}
	dec := jsontext.NewDecoder(bytes.NewReader(raw))
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return true // the end, as the value is valid
		}
		kind, length := dec.StackIndex(dec.StackDepth())
		isName := kind == '{' && length%2 == 1 && token.Kind() == '"'
		switch {
		case isName && dec.StackDepth() == 1 && !slices.Contains(declared, token.String()),
			isName && (length+1)/2 > int64(tight.Members),
			dec.StackDepth() > tight.Depth,
			token.Kind() == '"' && strings.ContainsRune(token.String(), 0),
			token.Kind() == '0' && !inRange(token.String()):
			return false
		}
	}
}

var numberParts = regexp.MustCompile(`^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$`)

// inRange implements the documented rule for numbers: at most 1000 digits from the first that is not zero, that
// one at most 1000 places from the point, and no exponent in the text beyond 400.
func inRange(number string) bool {
	parts := numberParts.FindStringSubmatch(number)
	digits := strings.TrimLeft(parts[1]+parts[2], "0")
	written := new(big.Int)
	if parts[3] != "" {
		written.SetString(parts[3], 10)
	}
	leading := new(big.Int).Add(written, big.NewInt(int64(len(digits)-len(parts[2])-1)))
	if digits == "" {
		digits, leading = parts[1]+parts[2], written
	}
	return len(digits) <= 1000 && written.CmpAbs(big.NewInt(400)) <= 0 && leading.CmpAbs(big.NewInt(1000)) <= 0
}

type fataler interface {
	Fatalf(format string, args ...any)
}

// compare compares Read with the reference.
func compare(t fataler, r *record.Reader, declared []string, raw []byte) {
	before := bytes.Clone(raw)
	values, reasons := r.Read(raw)
	if !bytes.Equal(before, raw) {
		t.Fatalf("Read changed %q into %q", before, raw)
	}
	if want := acceptable(raw, declared); want != (reasons == nil) {
		t.Fatalf("Read(%q) reasons = %v, want none: %v", raw, reasons, want)
	}
	if reasons != nil {
		checkReasons(t, raw, reasons)
		return
	}
	members := membersOf(t, raw)
	for i, name := range declared {
		if !bytes.Equal(members[name], values[i]) {
			t.Fatalf("Read(%q) member %q = %q, want %q", raw, name, values[i], members[name])
		}
	}
}

// checkReasons checks that reasons can be stored, and that they call JSON malformed if and only if
// it is.
func checkReasons(t fataler, raw []byte, reasons []operation.Reason) {
	malformed, incomplete := false, len(reasons) >= record.MaxReasons
	for _, reason := range reasons {
		if text := reason.Pointer + reason.Message; !utf8.ValidString(text) || strings.ContainsRune(text, 0) || len(text) > 8<<10 {
			t.Fatalf("Read(%q) reason = %q, which cannot be stored", raw, reason)
		}
		malformed = malformed || reason.Code == record.MalformedJSON
		incomplete = incomplete || reason.Code == record.TooDeep || reason.Code == record.TooManyMembers || reason.Code == record.NotAnObject
	}
	valid := jsontext.Value(raw).IsValid(lenient...)
	if malformed && valid {
		t.Fatalf("Read(%q) reasons = %v, want no malformed-json for valid JSON", raw, reasons)
	}
	if !malformed && !valid && !incomplete {
		t.Fatalf("Read(%q) reasons = %v, want malformed-json", raw, reasons)
	}
}

// membersOf splits a strictly valid object with jsontext.
func membersOf(t fataler, raw []byte) map[string]jsontext.Value {
	members := make(map[string]jsontext.Value)
	dec := jsontext.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.ReadToken(); err != nil {
		t.Fatalf("opening the object %q: %v", raw, err)
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			t.Fatalf("reading a name of %q: %v", raw, err)
		}
		text := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			t.Fatalf("reading a value of %q: %v", raw, err)
		}
		members[text] = bytes.Clone(value)
	}
	return members
}

func declaredBy(tb testing.TB) []string {
	tb.Helper()
	var names []string
	for _, property := range things(tb).Properties {
		names = append(names, property.Name)
	}
	return names
}
