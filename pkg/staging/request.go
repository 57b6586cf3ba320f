package staging

import (
	"encoding/json"
	"fmt"

	"github.com/longshore-io/longshore/pkg/intake"
)

// Request is what an upload in pieces was begun with; the operation's row keeps it. Whoever splits the upload cuts by it and not by its own
// configuration, so that every attempt cuts alike.
type Request struct {
	// ContentType is that of the whole body.
	ContentType  string `json:"content_type"`
	ChunkRecords int    `json:"chunk_records"`
	ChunkBytes   int    `json:"chunk_bytes"`
	MaxBytes     int64  `json:"max_body_bytes"`
	MaxRecord    int    `json:"max_record_bytes"`
	MaxRecords   int    `json:"max_records"`
	MaxDepth     int    `json:"max_depth"`
	MaxRatio     int    `json:"max_compression_ratio"`
}

// NewRequest makes the request of a body of the type under the limits.
func NewRequest(contentType string, chunkRecords, chunkBytes int, limits intake.Limits) Request {
	return Request{
		ContentType: contentType, ChunkRecords: chunkRecords, ChunkBytes: chunkBytes,
		MaxBytes: limits.Body, MaxRecord: limits.Record, MaxRecords: limits.Records, MaxDepth: limits.Depth, MaxRatio: limits.Ratio,
	}
}

// Limits bounds what is taken from the body.
func (r Request) Limits() intake.Limits {
	return intake.Limits{Body: r.MaxBytes, Record: r.MaxRecord, Records: r.MaxRecords, Depth: r.MaxDepth, Ratio: r.MaxRatio}
}

// Encode returns the request as the operation's row keeps it.
func (r Request) Encode() json.RawMessage {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // a struct of a string and integers always marshals
	}
	return text
}

// DecodeRequest reads what Encode wrote.
func DecodeRequest(text json.RawMessage) (Request, error) {
	var r Request
	if err := json.Unmarshal(text, &r); err != nil {
		return Request{}, fmt.Errorf("decoding the request of an upload: %w", err)
	}
	return r, nil
}
