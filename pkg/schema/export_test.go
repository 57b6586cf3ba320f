package schema

import "github.com/go-json-experiment/json/jsontext"

// Accepts reports whether the acceptors accept a record, without the library.
func Accepts(k *Checker, values []jsontext.Value) bool { return k.acceptor.accepts(values) }
