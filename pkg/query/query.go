// Package query parses the query of a search: the records of a collection, their order and their
// maximum number. It parses strictly and checks a query against its collection. It does not depend on
// a database.
package query

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
)

// The limits of a query.
const (
	// DefaultLimit is the limit of a query without one.
	DefaultLimit = 100
	// MaxText is the maximum size of the text in bytes.
	MaxText = 1000
	// MaxValues is the maximum number of values in a filter.
	MaxValues = 1000
	// MaxValueBytes is the maximum size of one value of a filter, as JSON.
	MaxValueBytes = 8 << 10
)

// Query selects records of a collection. Clients send its JSON, and xforce.tasks.request contains it.
type Query struct {
	// Text is searched in all text of a record, with the syntax of search engines: words, "phrases",
	// or, -without.
	Text string `json:"query,omitempty"`
	// Filter contains conditions that must all be true.
	Filter Filter `json:"filter,omitempty"`
	// Sort are the members by which to sort, with the prefix "-" for descending order. Empty sorts by
	// key.
	Sort []string `json:"sort,omitempty"`
	// Limit is the maximum number of records; 0 means all.
	Limit int `json:"limit,omitempty"`
}

// Members returns the members of a query.
func Members() []string { return []string{"query", "filter", "sort", "limit"} }

// Parse parses a query for the collection. Limit is DefaultLimit if the query has none, and at most
// maxLimit. With a maxLimit of 0 there is no maximum, and a query without a limit selects all records.
// The error is a fault of kind Malformed if the text is no query, and of kind Invalid if the
// collection does not support it.
func Parse(raw json.RawMessage, c *collection.Collection, maxLimit int) (Query, error) {
	var q Query
	if err := decode(raw, &q); err != nil {
		return Query{}, err
	}
	if err := q.checkText(); err != nil {
		return Query{}, err
	}
	if err := q.checkLimit(raw, maxLimit); err != nil {
		return Query{}, err
	}
	if err := q.checkSort(c); err != nil {
		return Query{}, err
	}
	return q, q.Filter.check(c)
}

// decode parses strict JSON (RFC 7493) without unknown or duplicate members and with valid UTF-8.
func decode(raw json.RawMessage, q *Query) error {
	if kind := jsontext.Value(raw).Kind(); kind != '{' {
		return noObject()
	}
	err := jsonv2.Unmarshal(raw, q, jsonv2.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*fault.Fault](err); ok {
		return known
	}
	return parseFault(err)
}

// ExtractMember removes a member that is not part of a query from a request. It returns the member's
// value, nil if it is absent, and the rest for Parse. The error is a fault of kind Malformed if the
// request is no object of strict JSON.
func ExtractMember(raw json.RawMessage, member string) (value, rest json.RawMessage, err error) {
	var members map[string]jsontext.Value
	if err := jsonv2.Unmarshal(raw, &members); err != nil {
		return nil, nil, parseFault(err)
	}
	if members == nil {
		return nil, nil, noObject()
	}
	value = json.RawMessage(members[member])
	delete(members, member)
	rest, err = jsonv2.Marshal(members, jsonv2.Deterministic(true))
	if err != nil {
		return nil, nil, parseFault(err)
	}
	return value, rest, nil
}

func noObject() error {
	return malformed("A query is a JSON object such as {\"query\": \"words\", \"filter\": {}, \"sort\": [], \"limit\": 100}.")
}

func (q *Query) checkText() error {
	q.Text = strings.TrimSpace(q.Text)
	switch {
	case len(q.Text) > MaxText:
		return invalid("query", "query must have at most %d bytes.", MaxText)
	case strings.ContainsRune(q.Text, 0) || !utf8.ValidString(q.Text):
		return invalid("query", "query must not have NUL characters, which no text in Postgres has.")
	}
	return nil
}

func (q *Query) checkLimit(raw json.RawMessage, maxLimit int) error {
	var given struct {
		Limit *int `json:"limit"`
	}
	_ = json.Unmarshal(raw, &given) // raw has been parsed before
	switch {
	case given.Limit == nil && maxLimit > 0:
		q.Limit = min(DefaultLimit, maxLimit)
	case given.Limit != nil && (q.Limit < 1 || maxLimit > 0 && q.Limit > maxLimit):
		if maxLimit > 0 {
			return invalid("limit", "limit must be from 1 to %d.", maxLimit).With("max_limit", maxLimit)
		}
		return invalid("limit", "limit must be at least 1; leave it out for all records.")
	}
	return nil
}

func (q *Query) checkSort(c *collection.Collection) error {
	var members []string
	for _, order := range q.Sort {
		member, _ := strings.CutPrefix(order, "-")
		p, err := findProperty(c, "sort", member)
		if err != nil {
			return err
		}
		if !isComparable(p) {
			return invalid("sort", "sort can't use %q: objects have no order.", member).With("members", names(c))
		}
		if slices.Contains(members, member) {
			return invalid("sort", "sort names %q twice.", member)
		}
		members = append(members, member)
	}
	return nil
}
