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
	"github.com/longshore-io/longshore/pkg/operation"
)

// rawRequest is a request as the client sends it. Absent members are nil, so that members that are not
// allowed can be rejected.
type rawRequest struct {
	Report     *string        `json:"report"`
	Format     *string        `json:"format"`
	Operation  *string        `json:"operation"`
	Collection *string        `json:"collection"`
	Query      jsontext.Value `json:"query"`
	Filter     jsontext.Value `json:"filter"`
}

// Parse parses a request; an empty text means Default. The error is a fault of kind Malformed if the
// text is no JSON, and of kind Invalid, with the member, if its content is not allowed.
func Parse(text []byte) (Request, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return Default(), nil
	}
	var r rawRequest
	if err := strict.Unmarshal(text, &r, strict.RejectUnknownMembers(true)); err != nil {
		return Request{}, parseFault(err)
	}
	subject, err := r.subject()
	if err != nil {
		return Request{}, err
	}
	if err := r.checkMembers(subject); err != nil {
		return Request{}, err
	}
	return r.request(subject)
}

func (r rawRequest) subject() (Subject, error) {
	if r.Report == nil {
		return Imports, nil
	}
	if s := Subject(*r.Report); slices.Contains(Subjects(), s) {
		return s, nil
	}
	return "", invalid("report", "report must be one of %s.", join(Subjects())).With("allowed", Subjects())
}

// subjectMembers are the members of a subject in addition to report and format.
var subjectMembers = map[Subject][]string{Import: {"operation"}, Search: {"operation"}, Records: {"collection", "query", "filter"}}

func (r rawRequest) checkMembers(s Subject) error {
	given := map[string]bool{
		"operation": r.Operation != nil, "collection": r.Collection != nil, "query": r.Query != nil, "filter": r.Filter != nil,
	}
	for _, member := range []string{"operation", "collection", "query", "filter"} {
		if given[member] && !slices.Contains(subjectMembers[s], member) {
			return invalid(member, "A report of %s takes no %s.", s, member)
		}
	}
	return nil
}

func (r rawRequest) request(s Subject) (Request, error) {
	request := Request{Report: s, Query: json.RawMessage(r.Query), Filter: json.RawMessage(r.Filter)}
	var err error
	if request.Format, err = r.format(s); err != nil {
		return Request{}, err
	}
	if s == Import || s == Search {
		if request.Operation, err = r.operation(s); err != nil {
			return Request{}, err
		}
	}
	if s == Records {
		if r.Collection == nil || *r.Collection == "" {
			return Request{}, invalid("collection", "Say which collection's records, as in {\"report\":\"records\",\"collection\":\"tools\"}.")
		}
		request.Collection = *r.Collection
	}
	return request, nil
}

func (r rawRequest) format(s Subject) (Format, error) {
	if r.Format == nil {
		return s.Formats()[0], nil
	}
	if f := Format(*r.Format); slices.Contains(s.Formats(), f) {
		return f, nil
	}
	return "", invalid("format", "The format of a report of %s must be one of %s.", s, join(s.Formats())).With("allowed", s.Formats())
}

func (r rawRequest) operation(s Subject) (uuid.UUID, error) {
	if r.Operation != nil {
		if id, err := operation.ParseID(*r.Operation); err == nil && id != uuid.Nil {
			return id, nil
		}
	}
	return uuid.Nil, invalid("operation", "operation must be the id of the %s, which is a UUID.", s)
}

func join[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return strings.Join(texts, ", ")
}

// parseFault converts a parser's error to a fault.
func parseFault(err error) error {
	if semantic, ok := errors.AsType[*strict.SemanticError](err); ok {
		pointer := string(semantic.JSONPointer)
		if errors.Is(err, strict.ErrUnknownName) {
			return fault.New(fault.Invalid, "invalid-report", "A report has no member %s.", strings.TrimPrefix(pointer, "/")).
				With("pointer", pointer)
		}
		return fault.New(fault.Invalid, "invalid-report",
			"A report is a JSON object whose members are text, but not at %q.", pointer).With("pointer", pointer)
	}
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fault.New(fault.Malformed, "malformed-json", "The body is no strict JSON at byte %d: %v.", syntactic.ByteOffset, syntactic.Err).
			With("offset", syntactic.ByteOffset).With("pointer", string(syntactic.JSONPointer))
	}
	return fault.New(fault.Malformed, "malformed-json", "The body is no JSON.").Because(err)
}
