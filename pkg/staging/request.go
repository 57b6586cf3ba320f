package staging

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/longshore-io/longshore/pkg/intake"
)

// Request is the request that started a multipart upload, with the limits in force at that time. It is
// stored in the operation's row. The importer splits the upload by these limits and not by its own
// configuration, so that every attempt creates the same chunks.
type Request struct {
	// ContentType is the type of the whole body if a release that knows no Type and Options reads such a body in the
	// same way. Otherwise it is empty, so that such a release leaves the upload to another one.
	ContentType string `json:"content_type"`
	// Type is the type of the whole body.
	Type string `json:"type,omitempty"`
	// Options say how the body is read.
	Options      intake.Options `json:"options,omitzero"`
	ChunkRecords int            `json:"chunk_records"`
	ChunkBytes   int            `json:"chunk_bytes"`
	MaxBytes     int64          `json:"max_body_bytes"`
	MaxRecord    int            `json:"max_record_bytes"`
	MaxRecords   int            `json:"max_records"`
	MaxDepth     int            `json:"max_depth"`
	MaxRatio     int            `json:"max_compression_ratio"`
}

// NewRequest returns the request for a body of the type, which is read with the options and the limits. Its errors are
// those of intake.Negotiate.
func NewRequest(contentType string, options intake.Options, chunkRecords, chunkBytes int, limits intake.Limits) (Request, error) {
	media, err := intake.Negotiate(contentType, nil, options)
	if err != nil {
		return Request{}, err
	}
	known := contentType
	media.Options.Delimiter, media.Options.Encoding = "", "" // earlier releases read or refuse them
	if options != (intake.Options{}) || media.Options != (intake.Options{}) {
		known = ""
	}
	return Request{
		ContentType: known, Type: contentType, Options: options, ChunkRecords: chunkRecords, ChunkBytes: chunkBytes,
		MaxBytes: limits.Body, MaxRecord: limits.Record, MaxRecords: limits.Records, MaxDepth: limits.Depth, MaxRatio: limits.Ratio,
	}, nil
}

// Media returns how the body is read. Its errors are those of intake.Negotiate.
func (r Request) Media() (intake.Media, error) {
	return intake.Negotiate(cmp.Or(r.Type, r.ContentType), nil, r.Options)
}

// Limits returns the limits of the body.
func (r Request) Limits() intake.Limits {
	return intake.Limits{Body: r.MaxBytes, Record: r.MaxRecord, Records: r.MaxRecords, Depth: r.MaxDepth, Ratio: r.MaxRatio}
}

// Encode returns the request in the form in which it is stored.
func (r Request) Encode() json.RawMessage {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // a struct of strings and integers always marshals
	}
	return text
}

// DecodeRequest decodes the result of Encode.
func DecodeRequest(text json.RawMessage) (Request, error) {
	var r Request
	if err := json.Unmarshal(text, &r); err != nil {
		return Request{}, fmt.Errorf("decoding the request of an upload: %w", err)
	}
	return r, nil
}
