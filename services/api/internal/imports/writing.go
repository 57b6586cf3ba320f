package imports

import (
	"encoding/json"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/intake"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// The parameters of a request that say how its records are written.
const (
	writeParameter      = "write"
	onExistingParameter = "onExisting"
	unknownParameter    = "unknownMembers"
)

// Query returns the parameters of a request that say how its body is read and how its records are written.
func Query() edge.Parameters {
	return edge.Parameters{Once: append([]string{writeParameter, onExistingParameter, unknownParameter}, intake.Parameters...)}
}

// ReadWriting reads what a request says about how its records are written; what it leaves out is as the collection
// says. mode is the effective write mode. The error is a fault of kind Malformed that lists the accepted words.
func ReadWriting(c *gin.Context, target *collection.Collection) (w collection.Writing, mode collection.WriteMode, err error) {
	w, err = collection.ParseWriting("", c.Query(writeParameter), c.Query(onExistingParameter), c.Query(unknownParameter))
	var effective collection.Writing
	if err == nil {
		effective, err = target.WritingFor(w)
	}
	if err != nil {
		return collection.Writing{}, "", fault.New(fault.Malformed, "invalid-write-option", "%s.", err.Error())
	}
	return w, effective.Mode, nil
}

// WritingDigest returns what a request says about how its records are written, for the digest of the request; nothing if
// it says nothing.
func WritingDigest(w collection.Writing) [][]byte {
	return digestOf(w)
}

// OptionsDigest returns what a request says about how its body is read, for the digest of the request; nothing if it says
// nothing.
func OptionsDigest(o intake.Options) [][]byte { return digestOf(o) }

// digestOf returns the text of a value that is a part of a request's digest; nothing for the zero value.
func digestOf[T comparable](value T) [][]byte {
	var zero T
	if value == zero {
		return nil
	}
	text, err := json.Marshal(value)
	if err != nil { // it consists of strings and numbers
		return nil
	}
	return [][]byte{text}
}
