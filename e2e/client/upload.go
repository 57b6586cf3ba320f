package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Upload is an import whose test controls the sending of its body, so that it can be slow or break off.
type Upload struct {
	conn    net.Conn
	chunked bool
}

// BeginUpload sends the header of an import with a body of the given length; 0 selects the chunked
// transfer coding.
func (c *Client) BeginUpload(ctx context.Context, collection, mediaType string, length int) (*Upload, error) {
	var dialer net.Dialer
	host := strings.TrimPrefix(c.base, "http://")
	conn, err := dialer.DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, fmt.Errorf("starting an upload: %w", err)
	}
	framing := "Transfer-Encoding: chunked"
	if length > 0 {
		framing = fmt.Sprintf("Content-Length: %d", length)
	}
	_, err = fmt.Fprintf(conn, "POST /api/%s/import HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\n%s\r\n\r\n", collection, host,
		mediaType, framing)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting an upload: %w", err), conn.Close())
	}
	return &Upload{conn: conn, chunked: length == 0}, nil
}

// Send sends a part of the body.
func (u *Upload) Send(data []byte) error {
	format := "%s"
	args := []any{data}
	if u.chunked {
		if len(data) == 0 {
			return nil // an empty chunk would end the body
		}
		format, args = "%x\r\n%s\r\n", []any{len(data), data}
	}
	if _, err := fmt.Fprintf(u.conn, format, args...); err != nil {
		return fmt.Errorf("sending a part of an upload: %w", err)
	}
	return nil
}

// End sends the last chunk of a chunked body.
func (u *Upload) End() error {
	if _, err := io.WriteString(u.conn, "0\r\n\r\n"); err != nil {
		return fmt.Errorf("ending an upload: %w", err)
	}
	return nil
}

// Abort closes the connection.
func (u *Upload) Abort() { _ = u.conn.Close() }

// Response waits for the response and reads it.
func (u *Upload) Response(limit time.Duration) (*Response, error) {
	start := time.Now()
	if err := u.conn.SetReadDeadline(start.Add(limit)); err != nil {
		return nil, fmt.Errorf("waiting for the response: %w", err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(u.conn), nil)
	if err != nil {
		return nil, fmt.Errorf("waiting for the response: %w", err)
	}
	content, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("reading the response: %w", err)
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: content, Elapsed: time.Since(start)}, nil
}

// Accepted reads the 202 response to an upload.
func (c *Client) Accepted(response *Response) (Accepted, error) { return c.readAccepted(response) }
