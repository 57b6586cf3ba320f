package admission

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/problem"
)

// answer writes a problem as the response to a request that is not read, so that its address is not
// known. The connection must be closed afterwards.
func answer(conn net.Conn, err error) error {
	id := uuid.NewString()
	w := &response{header: http.Header{edge.RequestIDHeader: {id}}}
	problem.Write(w, &http.Request{URL: new(url.URL)}, id, err)
	whole := http.Response{
		ProtoMajor: 1, ProtoMinor: 1, StatusCode: w.status, Header: w.header,
		Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Close: true,
	}
	if err := whole.Write(conn); err != nil {
		return fmt.Errorf("refusing a connection: %w", err)
	}
	return nil
}

// response is an http.ResponseWriter that keeps the response.
type response struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *response) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *response) WriteHeader(status int) { r.status = status }

// Write implements http.ResponseWriter.
func (r *response) Write(p []byte) (int, error) { return r.body.Write(p) }
