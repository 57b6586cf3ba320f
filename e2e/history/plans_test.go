package history_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// plan is a statement as Postgres executed it.
type plan struct {
	Query string `json:"Query Text"`
	Plan  node
}

// node is a node of a plan. The pages include those of the nodes below it.
type node struct {
	Type     string `json:"Node Type"`
	Index    string `json:"Index Name"`
	Rows     int    `json:"Actual Rows"`
	Relation string `json:"Relation Name"`
	Hit      int    `json:"Shared Hit Blocks"`
	Read     int    `json:"Shared Read Blocks"`
	Plans    []node
}

// pages returns how many pages were read.
func (n node) pages() int { return n.Hit + n.Read }

// rows returns the most rows that a node of the plan returned. Rows that a filter removed do not count.
func (n node) rows() int {
	most := n.Rows
	for _, below := range n.Plans {
		most = max(most, below.rows())
	}
	return most
}

// scanned returns the tables that a plan reads from the first to the last page.
func (n node) scanned() (tables []string) {
	if n.Type == "Seq Scan" {
		tables = append(tables, n.Relation)
	}
	for _, below := range n.Plans {
		tables = append(tables, below.scanned()...)
	}
	return tables
}

// recorder collects the plans of all statements of the connections that go through it, including
// those that run within triggers and functions.
type recorder struct {
	mu    sync.Mutex
	plans []plan
}

// explained returns the address of the database through the recorder, with the parameters that make
// Postgres send each plan to its client as a notice.
func (r *recorder) explained(t *testing.T, databaseURL string) string {
	t.Helper()
	address, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	query := address.Query()
	for name, value := range map[string]string{
		"session_preload_libraries": "auto_explain", "auto_explain.log_min_duration": "0", "auto_explain.log_level": "notice",
		"auto_explain.log_analyze": "on", "auto_explain.log_buffers": "on", "auto_explain.log_timing": "off",
		"auto_explain.log_format": "json", "auto_explain.log_nested_statements": "on",
	} {
		query.Set(name, value)
	}
	address.RawQuery = query.Encode()
	address.Host = r.listen(t, address.Host)
	return address.String()
}

func (r *recorder) listen(t *testing.T, server string) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			backend, err := new(net.Dialer).DialContext(t.Context(), "tcp", server)
			if err != nil {
				_ = client.Close()
				continue
			}
			go func() { _, _ = io.Copy(backend, client); _ = backend.Close() }()
			go func() { r.forward(t, client, backend); _ = client.Close() }()
		}
	}()
	return listener.Addr().String()
}

// forward copies the server's messages to the client and reads the notices among them.
func (r *recorder) forward(t *testing.T, client io.Writer, server io.Reader) {
	t.Helper()
	const notice, headerSize = 'N', 5
	for {
		header := make([]byte, headerSize)
		if _, err := io.ReadFull(server, header); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(header[1:])-4)
		if _, err := io.ReadFull(server, body); err != nil {
			return
		}
		if header[0] == notice {
			if err := r.add(body); err != nil {
				t.Errorf("reading a plan: %v", err)
			}
		}
		if _, err := client.Write(slices.Concat(header, body)); err != nil {
			return
		}
	}
}

func (r *recorder) add(body []byte) error {
	var notice pgproto3.NoticeResponse
	if err := notice.Decode(body); err != nil {
		return err
	}
	_, text, found := strings.Cut(notice.Message, "plan:\n")
	if !found {
		return nil
	}
	var p plan
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return errors.Join(err, errors.New(text))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.plans = append(r.plans, p)
	return nil
}
