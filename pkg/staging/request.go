package staging

import (
	"encoding/json"
	"fmt"

	"github.com/longshore-io/longshore/pkg/intake"
)

// Request is the request that started a multipart upload, with the limits in force at that time. It is
// stored in the operation's row. The importer splits the upload by these limits and not by its own
// configuration, so that every attempt creates the same chunks.
type Request struct {
	// ContentType is the type of the whole body.
	ContentType  string `json:"content_type"`
	ChunkRecords int    `json:"chunk_records"`
	ChunkBytes   int    `json:"chunk_bytes"`
	MaxBytes     int64  `json:"max_body_bytes"`
	MaxRecord    int    `json:"max_record_bytes"`
	MaxRecords   int    `json:"max_records"`
	MaxDepth     int    `json:"max_depth"`
	MaxRatio     int    `json:"max_compression_ratio"`
}

// NewRequest returns the request for a body of the type with the limits.
func NewRequest(contentType string, chunkRecords, chunkBytes int, limits intake.Limits) Request {
	return Request{
		ContentType: contentType, ChunkRecords: chunkRecords, ChunkBytes: chunkBytes,
		MaxBytes: limits.Body, MaxRecord: limits.Record, MaxRecords: limits.Records, MaxDepth: limits.Depth, MaxRatio: limits.Ratio,
	}
}

// Limits returns the limits of the body.
func (r Request) Limits() intake.Limits {
	return intake.Limits{Body: r.MaxBytes, Record: r.MaxRecord, Records: r.MaxRecords, Depth: r.MaxDepth, Ratio: r.MaxRatio}
}

// Encode returns the request in the form in which it is stored.
func (r Request) Encode() json.RawMessage {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // a struct of a string and integers always marshals
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
