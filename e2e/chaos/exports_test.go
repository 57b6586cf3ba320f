package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"

	"github.com/longshore-io/longshore/e2e/client"
)

func jsonBody(content string) client.RequestBody {
	return client.RequestBody{Type: "application/json", Content: []byte(content)}
}

// read requests a document until it is answered, and decodes it.
func (c *caller) read(ctx context.Context, url string, status int, into any) bool {
	a, ok := c.persist(ctx, http.MethodGet, url, client.RequestBody{})
	if !ok {
		return false
	}
	if a.Status != status {
		c.violation("GET %s: %d %s, want %d", url, a.Status, a.Body, status)
		return false
	}
	if err := json.Unmarshal(a.Body, into); err != nil {
		c.violation("GET %s: %v: %s", url, err, a.Body)
		return false
	}
	return true
}

// export starts a report, follows it and downloads its file. lines is the number of lines that the
// file must have; 0 means any.
func (c *caller) export(ctx context.Context, random *rand.Rand, request string, lines int) {
	op, ok := c.start(ctx, "/start-report", jsonBody(request), random.IntN(2) == 0, c.model.send(nil))
	if !ok {
		return
	}
	m, ok := c.follow(ctx, op, random.IntN(3))
	if !ok || m.Status != "Succeeded" {
		c.violation("report %s: %s %+v", op.ID, m.Status, m.Error)
		return
	}
	var status struct {
		DownloadLink string `json:"download_link"`
	}
	if !c.read(ctx, op.own, http.StatusOK, &status) {
		return
	}
	file, ok := c.persist(ctx, http.MethodGet, status.DownloadLink, client.RequestBody{})
	switch got := bytes.Count(file.Body, []byte("\n")); {
	case !ok:
	case file.Status != http.StatusOK || len(file.Body) == 0:
		c.violation("GET %s: %d with %d bytes", status.DownloadLink, file.Status, len(file.Body))
	case lines > 0 && got != lines:
		c.violation("the file %s has %d lines, want %d", status.DownloadLink, got, lines)
	}
}
