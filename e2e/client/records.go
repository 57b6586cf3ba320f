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

// Record is the outcome of one record.
type Record struct {
	Row      int             `json:"row"`
	Outcome  string          `json:"outcome"`
	Record   json.RawMessage `json:"record"`
	Received []byte          `json:"receivedBase64"`
	Reasons  []Reason        `json:"reasons"`
}

// Reason is one reason why a record was rejected.
type Reason struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Records requests the records of an operation with an outcome as NDJSON.
func (c *Client) Records(ctx context.Context, operationLocation, outcome string) ([]Record, error) {
	response, err := c.Get(ctx, operationLocation+"/records?outcome="+outcome)
	if err != nil {
		return nil, err
	}
	if response.Status != http.StatusOK || response.Header.Get("Content-Type") != "application/x-ndjson" {
		return nil, fmt.Errorf("status %d, %s: %s", response.Status, response.Header.Get("Content-Type"), response.Body)
	}
	var records []Record
	for line := range bytes.Lines(response.Body) {
		var r Record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("reading line %q: %w", line, err)
		}
		records = append(records, r)
	}
	return records, nil
}

// RecordsTable requests the same as CSV: the header row and one row for each record.
func (c *Client) RecordsTable(ctx context.Context, operationLocation, outcome string) ([][]string, error) {
	response, err := c.Get(ctx, operationLocation+"/records?format=csv&outcome="+outcome)
	if err != nil {
		return nil, err
	}
	if response.Status != http.StatusOK || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/csv") {
		return nil, fmt.Errorf("status %d, %s: %s", response.Status, response.Header.Get("Content-Type"), response.Body)
	}
	rows, err := csv.NewReader(bytes.NewReader(response.Body)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", response.Body, err)
	}
	return rows, nil
}
