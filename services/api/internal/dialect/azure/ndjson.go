package azure

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/operation"
)

// ndjsonWriter writes one JSON object per line.
type ndjsonWriter struct {
	buffer *bufio.Writer
	json   *json.Encoder
}

// ndjsonLine is one record of an NDJSON stream.
type ndjsonLine struct {
	Row     int    `json:"row"`
	Outcome string `json:"outcome"`
	// Record is the record as it was received.
	Record json.RawMessage `json:"record"`
	// Received is the record's bytes in base64; absent unless the record is not UTF-8, so that
	// Record can't show it unchanged.
	Received string             `json:"receivedBase64,omitempty"`
	Reasons  []operation.Reason `json:"reasons,omitempty"`
}

func newNDJSONWriter(c *gin.Context) *ndjsonWriter {
	c.Header("Content-Type", "application/x-ndjson")
	buffer := bufio.NewWriter(c.Writer)
	enc := json.NewEncoder(buffer)
	enc.SetEscapeHTML(false)
	return &ndjsonWriter{buffer, enc}
}

func (w *ndjsonWriter) write(l line) error {
	encoded := ndjsonLine{
		Row: l.row, Outcome: l.outcome.String(), Reasons: l.reasons,
		Record: operation.Rejection{Received: l.received}.ReceivedText(),
	}
	if !utf8.Valid(l.received) {
		encoded.Received = base64.StdEncoding.EncodeToString(l.received)
	}
	return w.json.Encode(encoded)
}

func (w *ndjsonWriter) flush() error { return w.buffer.Flush() }
