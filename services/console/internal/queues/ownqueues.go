package queues

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
)

// The parts of asynq's API that name queues of other installations. The lists of queues are
// restricted by queue.Redis.ForConsole.
const (
	queuePath   = Root + "/api/queues/"
	serversPath = Root + "/api/servers"
)

// restrictQueues answers 404 for a queue that owns does not report as one of this installation, and
// removes the servers of other queues from the list of servers.
func restrictQueues(ui http.Handler, owns func(queueName string) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == serversPath {
			servers := &bodyWriter{ResponseWriter: w, status: http.StatusOK}
			ui.ServeHTTP(servers, r)
			servers.finish(owns)
			return
		}
		if rest, isQueue := strings.CutPrefix(r.URL.Path, queuePath); isQueue {
			name, _, _ := strings.Cut(rest, "/")
			name = strings.TrimSuffix(strings.TrimSuffix(name, ":pause"), ":resume")
			if !owns(name) {
				http.Error(w, "There is no such queue.", http.StatusNotFound)
				return
			}
		}
		ui.ServeHTTP(w, r)
	})
}

// bodyWriter buffers the list of servers.
type bodyWriter struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader stores the status.
func (b *bodyWriter) WriteHeader(status int) { b.status = status }

// Write buffers the body.
func (b *bodyWriter) Write(p []byte) (int, error) { return b.body.Write(p) }

// finish sends the list without the servers that serve no own queue.
func (b *bodyWriter) finish(owns func(string) bool) {
	body := b.body.Bytes()
	var all struct {
		Servers []json.RawMessage `json:"servers"`
	}
	if b.status == http.StatusOK && json.Unmarshal(body, &all) == nil {
		own := []json.RawMessage{}
		for _, server := range all.Servers {
			if servesOwn(server, owns) {
				own = append(own, server)
			}
		}
		all.Servers = own
		if restricted, err := json.Marshal(all); err == nil {
			body = restricted
		}
	}
	b.Header().Del("Content-Length")
	b.ResponseWriter.WriteHeader(b.status)
	_, _ = b.ResponseWriter.Write(body) // an error means that the client has disconnected
}

// servesOwn reports whether a server serves a queue of this installation.
func servesOwn(server json.RawMessage, owns func(string) bool) bool {
	var s struct {
		Queues map[string]int `json:"queue_priorities"`
	}
	if json.Unmarshal(server, &s) != nil {
		return false
	}
	for name := range s.Queues {
		if owns(name) {
			return true
		}
	}
	return false
}
