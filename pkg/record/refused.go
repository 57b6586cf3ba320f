package record

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/operation"
)

// The codes of the reasons for which a reader of bodies refuses one record. They are a part of the API and never
// change.
const (
	TooManyCells = "too-many-cells"
	StrayReturn  = "stray-return"
	CellError    = "cell-error"
)

// refusedMark begins the text of a refused record. A client that sends it itself has that record rejected.
const refusedMark = `["longshore:refused",`

// AppendRefused appends a record that a reader of bodies, which knows the file, could not convert: the importer rejects
// it with the reason. received is the JSON that clients see as the record.
func AppendRefused(dst, received []byte, reason operation.Reason) []byte {
	text, err := json.Marshal(reason)
	if err != nil { // it consists of valid strings
		text = []byte(`{}`)
	}
	dst = append(dst, refusedMark...)
	dst = append(append(dst, text...), ',')
	return append(append(dst, received...), ']')
}

// Refused returns what AppendRefused has put together; ok is false for every other record.
func Refused(raw []byte) (received []byte, reason operation.Reason, ok bool) {
	if !bytes.HasPrefix(raw, []byte(refusedMark)) {
		return nil, reason, false
	}
	var parts []jsontext.Value
	err := json.Unmarshal(raw, &parts, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	if err != nil || len(parts) != 3 || json.Unmarshal(parts[1], &reason) != nil {
		return nil, operation.Reason{}, false
	}
	if !slices.Contains([]string{TooManyCells, StrayReturn, CellError}, reason.Code) {
		return nil, operation.Reason{}, false
	}
	return parts[2], reason, true
}
