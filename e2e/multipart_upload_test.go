package e2e_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
)

const (
	// cleanupTimeout bounds the time until the parts of a split upload are deleted.
	cleanupTimeout = 10 * time.Second
	// expiryTimeout bounds the time until the janitor deletes an expired upload.
	expiryTimeout = 15 * time.Second
)

// multipartUpload is the api's document of a multipart upload.
type multipartUpload struct {
	ID, Upload, Parts, Finish string
	Limits                    struct {
		PartBytes int64      `json:"part_bytes"`
		Parts     int        `json:"parts"`
		Bytes     int64      `json:"bytes"`
		ExpiresAt *time.Time `json:"expires_at"`
	}
	Received []struct {
		Part   int
		Bytes  int64
		Digest string
	}
	ReceivedBytes int64 `json:"received_bytes"`
	Finished      bool
	Operation     string
}

func startMultipartUpload(t *testing.T, s *stack.Stack, mediaType string, header http.Header) multipartUpload {
	t.Helper()
	resp := send(t, s, http.MethodPost, "/api/tools/import:upload-start", client.RequestBody{Type: mediaType, Header: header})
	u := readMultipart(t, resp, http.StatusCreated)
	if resp.Header.Get("Location") != u.Upload || !strings.HasPrefix(u.Upload, s.Client().Base()+"/") {
		t.Fatalf("Location is %q, upload is %q, want the same absolute URL", resp.Header.Get("Location"), u.Upload)
	}
	return u
}

func readMultipart(t *testing.T, resp *client.Response, status int) (u multipartUpload) {
	t.Helper()
	if resp.Status != status {
		t.Fatalf("got status %d, want %d: %s", resp.Status, status, resp.Body)
	}
	if err := json.Unmarshal(resp.Body, &u); err != nil {
		t.Fatal(err)
	}
	return u
}

func send(t *testing.T, s *stack.Stack, method, address string, body client.RequestBody) *client.Response {
	t.Helper()
	resp, err := s.Client().Do(t.Context(), method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// part returns the URL of part n.
func (u multipartUpload) part(n int) string { return strings.ReplaceAll(u.Parts, "{n}", fmt.Sprint(n)) }

func (u multipartUpload) put(t *testing.T, s *stack.Stack, n int, body client.RequestBody) *client.Response {
	t.Helper()
	return send(t, s, http.MethodPut, u.part(n), body)
}

func (u multipartUpload) mustPut(t *testing.T, s *stack.Stack, n int, content []byte) {
	t.Helper()
	if resp := u.put(t, s, n, client.RequestBody{Content: content}); resp.Status != http.StatusCreated && resp.Status != http.StatusOK {
		t.Fatalf("PUT part %d: status %d, want 201 or 200: %s", n, resp.Status, resp.Body)
	}
}

// finish finishes the upload and expects a 202 with the upload's id.
func (u multipartUpload) finish(t *testing.T, s *stack.Stack) client.Accepted {
	t.Helper()
	op, err := s.Client().Accepted(send(t, s, http.MethodPost, u.Finish, client.RequestBody{}))
	if err != nil {
		t.Fatal(err)
	}
	if op.ID != u.ID {
		t.Errorf("operation id is %s, want the upload's %s", op.ID, u.ID)
	}
	return op
}

func contentDigest(content []byte) http.Header {
	sum := sha256.Sum256(content)
	return http.Header{"Content-Digest": {"sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"}}
}
