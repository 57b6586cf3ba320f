package scan

import (
	"bytes"
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/fault"
)

// selectRecord is the SQL of the members of a record, in the order of the collection.
func (p *Plan) selectRecord() string {
	list := make([]string, len(p.columns))
	for i, c := range p.columns {
		list[i] = c.json()
	}
	return strings.Join(list, ", ")
}

// record makes the object of the members' JSON texts.
func (p *Plan) record(values [][]byte) []byte {
	size := 2
	for i, v := range values {
		size += len(p.columns[i].label) + len(v) + 1
	}
	object := append(make([]byte, 0, size), '{')
	for i, v := range values {
		if v == nil {
			continue
		}
		if len(object) > 1 {
			object = append(object, ',')
		}
		object = append(object, p.columns[i].label...)
		object = append(object, onOneLine(v)...)
	}
	return append(object, '}')
}

// onOneLine takes the line breaks out of a JSON text, as a column of type JSON may have them between its values.
func onOneLine(v []byte) []byte {
	if !bytes.ContainsAny(v, "\n\r") {
		return v
	}
	compact := jsontext.Value(bytes.Clone(v))
	if err := compact.Compact(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
		return v // not what Postgres calls JSON
	}
	return compact
}

func texts(values [][]byte) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return list
}

// refused makes a fault of what Postgres refuses in the values of a query (SQLSTATE class 22), such as a date that is none.
func refused(err error) error {
	fromServer, ok := errors.AsType[*pgconn.PgError](err)
	if ok && strings.HasPrefix(fromServer.Code, "22") {
		return fault.New(fault.Invalid, "invalid-query", "The database can't read a value of the query: %s.", fromServer.Message).Because(err)
	}
	return err
}
