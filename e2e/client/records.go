package client

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Record is what became of one record.
type Record struct {
	Row      int             `json:"row"`
	Outcome  string          `json:"outcome"`
	Record   json.RawMessage `json:"record"`
	Received []byte          `json:"receivedBase64"`
	Reasons  []Reason        `json:"reasons"`
}

// Reason is one cause why a record was rejected.
type Reason struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Records reads the records of an operation with an outcome, from NDJSON.
func (c *Client) Records(ctx context.Context, operationLocation, outcome string) ([]Record, error) {
	answer, err := c.Get(ctx, operationLocation+"/records?outcome="+outcome)
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK || answer.Header.Get("Content-Type") != "application/x-ndjson" {
		return nil, fmt.Errorf("status %d, %s: %s", answer.Status, answer.Header.Get("Content-Type"), answer.Body)
	}
	var records []Record
	for line := range bytes.Lines(answer.Body) {
		var r Record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("reading line %q: %w", line, err)
		}
		records = append(records, r)
	}
	return records, nil
}

// RecordsTable reads the same as CSV: the header row and one row for each record.
func (c *Client) RecordsTable(ctx context.Context, operationLocation, outcome string) ([][]string, error) {
	answer, err := c.Get(ctx, operationLocation+"/records?format=csv&outcome="+outcome)
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/csv") {
		return nil, fmt.Errorf("status %d, %s: %s", answer.Status, answer.Header.Get("Content-Type"), answer.Body)
	}
	rows, err := csv.NewReader(bytes.NewReader(answer.Body)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", answer.Body, err)
	}
	return rows, nil
}
