// Package query is what a search asks for: which records of a collection, in which order, and how many. It reads a client's words strictly,
// holds them against the collection, and knows no database.
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

// The limits of a query: it is written by a person or a program, and is no data set.
const (
	// DefaultLimit is how many records are found if the client does not say.
	DefaultLimit = 100
	// MaxText bounds the text that is searched for, in bytes.
	MaxText = 1000
	// MaxValues bounds the values of a filter, over all members.
	MaxValues = 1000
	// MaxValueBytes bounds one value of a filter, as JSON.
	MaxValueBytes = 8 << 10
)

// Query asks for records of a collection. Its JSON is what clients write and what xforce.tasks.request holds.
type Query struct {
	// Text is searched for in all text of a record, as a person writes it into a search box: words, "phrases", or, -without.
	Text string `json:"query,omitempty"`
	// Filter holds conditions that must all be true.
	Filter Filter `json:"filter,omitempty"`
	// Sort names members, the most important first, with "-" before one for descending; empty means the order of keys.
	Sort []string `json:"sort,omitempty"`
	// Limit is how many records are found at most; 0 means all.
	Limit int `json:"limit,omitempty"`
}

// Members lists the members that Read knows, for whoever takes others beside them.
func Members() []string { return []string{"query", "filter", "sort", "limit"} }

// Read reads a query and holds it against the collection. maxLimit bounds Limit, which is DefaultLimit if the client did not say; a
// maxLimit of 0 means that there is no bound, and that all records are meant unless the client says otherwise. What is no query is a fault of
// kind Malformed; one that asks for what the collection does not have is of kind Invalid, and lists what there is.
func Read(raw json.RawMessage, c *collection.Collection, maxLimit int) (Query, error) {
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

// decode reads strict JSON (RFC 7493): no member twice, none that is unknown, no broken UTF-8.
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
	return explain(err)
}

// Without takes a member out of a request that has others beside those of a query, and returns its value, nil if it is not there, and the rest for
// Read. What is no object of strict JSON is a fault of kind Malformed.
func Without(raw json.RawMessage, member string) (value, rest json.RawMessage, err error) {
	var members map[string]jsontext.Value
	if err := jsonv2.Unmarshal(raw, &members); err != nil {
		return nil, nil, explain(err)
	}
	if members == nil {
		return nil, nil, noObject()
	}
	value = json.RawMessage(members[member])
	delete(members, member)
	rest, err = jsonv2.Marshal(members, jsonv2.Deterministic(true))
	if err != nil {
		return nil, nil, explain(err)
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
	var asked struct {
		Limit *int `json:"limit"`
	}
	_ = json.Unmarshal(raw, &asked) // it was read before
	switch {
	case asked.Limit == nil && maxLimit > 0:
		q.Limit = min(DefaultLimit, maxLimit)
	case asked.Limit != nil && (q.Limit < 1 || maxLimit > 0 && q.Limit > maxLimit):
		if maxLimit > 0 {
			return invalid("limit", "limit must be from 1 to %d.", maxLimit).With("max_limit", maxLimit)
		}
		return invalid("limit", "limit must be at least 1; leave it out for all records.")
	}
	return nil
}

func (q *Query) checkSort(c *collection.Collection) error {
	var named []string
	for _, order := range q.Sort {
		member, _ := strings.CutPrefix(order, "-")
		p, err := find(c, "sort", member)
		if err != nil {
			return err
		}
		if !isComparable(p) {
			return invalid("sort", "sort can't use %q: objects have no order.", member).With("members", names(c))
		}
		if slices.Contains(named, member) {
			return invalid("sort", "sort names %q twice.", member)
		}
		named = append(named, member)
	}
	return nil
}
