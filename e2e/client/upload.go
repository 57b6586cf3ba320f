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

// Upload is an import whose body goes out piece by piece over a connection of its own, so that it can be slow, or end too early.
type Upload struct {
	conn   net.Conn
	framed bool
}

// BeginUpload sends the head of an import that promises so many bytes; 0 promises none, and the body goes out in the chunks of
// the transfer coding.
func (c *Client) BeginUpload(ctx context.Context, collection, mediaType string, length int) (*Upload, error) {
	var dialer net.Dialer
	host := strings.TrimPrefix(c.base, "http://")
	conn, err := dialer.DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, fmt.Errorf("beginning an upload: %w", err)
	}
	framing := "Transfer-Encoding: chunked"
	if length > 0 {
		framing = fmt.Sprintf("Content-Length: %d", length)
	}
	_, err = fmt.Fprintf(conn, "POST /api/%s/import HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\n%s\r\n\r\n", collection, host, mediaType, framing)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("beginning an upload: %w", err), conn.Close())
	}
	return &Upload{conn: conn, framed: length == 0}, nil
}

// Send sends a piece of the body. An empty one is nothing.
func (u *Upload) Send(piece []byte) error {
	format := "%s"
	args := []any{piece}
	if u.framed {
		if len(piece) == 0 {
			return nil // would be the end
		}
		format, args = "%x\r\n%s\r\n", []any{len(piece), piece}
	}
	if _, err := fmt.Fprintf(u.conn, format, args...); err != nil {
		return fmt.Errorf("sending a piece: %w", err)
	}
	return nil
}

// End sends the end of a body whose length was not promised.
func (u *Upload) End() error {
	if _, err := io.WriteString(u.conn, "0\r\n\r\n"); err != nil {
		return fmt.Errorf("ending an upload: %w", err)
	}
	return nil
}

// Abort breaks the connection off.
func (u *Upload) Abort() { _ = u.conn.Close() }

// Response waits for the api's answer and reads it.
func (u *Upload) Response(limit time.Duration) (*Response, error) {
	began := time.Now()
	if err := u.conn.SetReadDeadline(began.Add(limit)); err != nil {
		return nil, fmt.Errorf("waiting for the answer: %w", err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(u.conn), nil)
	if err != nil {
		return nil, fmt.Errorf("waiting for the answer: %w", err)
	}
	content, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: content, Elapsed: time.Since(began)}, nil
}

// Accepted reads the 202 that the upload was answered with.
func (c *Client) Accepted(answer *Response) (Accepted, error) { return c.readAccepted(answer) }
