package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	strict "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
)

// asked is a request as a client writes it: a member that is absent is nil, so that one which does not belong there is told.
type asked struct {
	Report     *string        `json:"report"`
	Format     *string        `json:"format"`
	Operation  *string        `json:"operation"`
	Collection *string        `json:"collection"`
	Query      jsontext.Value `json:"query"`
	Filter     jsontext.Value `json:"filter"`
}

// Parse reads a request. An empty text asks for the default. Faults are of kind Malformed where the text is no JSON and Invalid where it
// asks for what there is not; they name the member.
func Parse(text []byte) (Request, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return Default(), nil
	}
	var a asked
	if err := strict.Unmarshal(text, &a, strict.RejectUnknownMembers(true)); err != nil {
		return Request{}, explain(err)
	}
	subject, err := a.subject()
	if err != nil {
		return Request{}, err
	}
	if err := a.checkMembers(subject); err != nil {
		return Request{}, err
	}
	return a.request(subject)
}

// Read reads a request that was accepted before.
func Read(accepted json.RawMessage) (Request, error) { return Parse(accepted) }

func (a asked) subject() (Subject, error) {
	if a.Report == nil {
		return Imports, nil
	}
	if s := Subject(*a.Report); slices.Contains(Subjects(), s) {
		return s, nil
	}
	return "", invalid("report", "report must be one of %s.", list(Subjects())).With("allowed", Subjects())
}

// belongs says which members a subject takes beside report and format.
var belongs = map[Subject][]string{Import: {"operation"}, Search: {"operation"}, Records: {"collection", "query", "filter"}}

func (a asked) checkMembers(s Subject) error {
	given := map[string]bool{
		"operation": a.Operation != nil, "collection": a.Collection != nil, "query": a.Query != nil, "filter": a.Filter != nil,
	}
	for _, member := range []string{"operation", "collection", "query", "filter"} {
		if given[member] && !slices.Contains(belongs[s], member) {
			return invalid(member, "A report of %s takes no %s.", s, member)
		}
	}
	return nil
}

func (a asked) request(s Subject) (Request, error) {
	r := Request{Report: s, Query: json.RawMessage(a.Query), Filter: json.RawMessage(a.Filter)}
	var err error
	if r.Format, err = a.format(s); err != nil {
		return Request{}, err
	}
	if s == Import || s == Search {
		if r.Operation, err = a.operation(s); err != nil {
			return Request{}, err
		}
	}
	if s == Records {
		if a.Collection == nil || *a.Collection == "" {
			return Request{}, invalid("collection", "Say which collection's records, as in {\"report\":\"records\",\"collection\":\"tools\"}.")
		}
		r.Collection = *a.Collection
	}
	return r, nil
}

func (a asked) format(s Subject) (Format, error) {
	if a.Format == nil {
		return s.Formats()[0], nil
	}
	if f := Format(*a.Format); slices.Contains(s.Formats(), f) {
		return f, nil
	}
	return "", invalid("format", "The format of a report of %s must be one of %s.", s, list(s.Formats())).With("allowed", s.Formats())
}

func (a asked) operation(s Subject) (uuid.UUID, error) {
	if a.Operation != nil {
		if id, err := uuid.Parse(*a.Operation); err == nil && id != uuid.Nil {
			return id, nil
		}
	}
	return uuid.Nil, invalid("operation", "operation must be the id of the %s, which is a UUID.", s)
}

func list[T ~string](words []T) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = string(w)
	}
	return strings.Join(texts, ", ")
}

// explain tells what is wrong with a text that could not be read.
func explain(err error) error {
	if semantic, ok := errors.AsType[*strict.SemanticError](err); ok {
		where := string(semantic.JSONPointer)
		if errors.Is(err, strict.ErrUnknownName) {
			return fault.New(fault.Invalid, "invalid-report", "A report has no member %s.", strings.TrimPrefix(where, "/")).
				With("pointer", where)
		}
		return fault.New(fault.Invalid, "invalid-report",
			"A report is a JSON object whose members are text, but not at %q.", where).With("pointer", where)
	}
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fault.New(fault.Malformed, "malformed-json", "The body is no strict JSON at byte %d: %v.", syntactic.ByteOffset, syntactic.Err).
			With("offset", syntactic.ByteOffset).With("pointer", string(syntactic.JSONPointer))
	}
	return fault.New(fault.Malformed, "malformed-json", "The body is no JSON.").Because(err)
}
