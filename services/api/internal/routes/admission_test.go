package routes_test

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/services/api/internal/admission"
)

// awaitUsed waits until so much of a pool is used.
func awaitUsed(t *testing.T, what string, pool *admission.Pool, want int64) {
	t.Helper()
	awaitUse(t, what, pool, func(used int64) bool { return used == want })
}

func awaitUse(t *testing.T, what string, pool *admission.Pool, enough func(used int64) bool) {
	t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(waitLimit); !enough(pool.Used()); <-ticker.C {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %s are used after %s", pool.Used(), what, waitLimit)
		}
	}
}

// awaitReleased waits until no request occupies anything.
func (a *api) awaitReleased(t *testing.T) {
	t.Helper()
	for what, pool := range map[string]*admission.Pool{
		"memory": a.gate.Memory, "decoders": a.gate.Decoders, "uploads": a.gate.Uploads, "downloads": a.gate.Downloads,
		"waits": a.gate.Waits, "receipt": a.gate.Receipt,
	} {
		awaitUsed(t, what, pool, 0)
	}
}

// A client that occupies all that it may is refused. Another client is served, and the first one's
// polls and cancels too. Clients that break off occupy nothing any more.
func TestClientLimits(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{
		"LONGSHORE_MAX_CLIENT_UPLOADS": "2", "LONGSHORE_MAX_CLIENT_DOWNLOADS": "2", "LONGSHORE_MAX_CLIENT_WAITS": "2",
		"LONGSHORE_MAX_READS": "1",
	})
	operation := a.importOne(t, oneClient)
	const media = "Content-Type: application/x-ndjson"
	upload := func(from string) reply {
		return a.send(t, from, http.MethodPost, "/api/tools/import", `{"tool_id":"A"}`, media)
	}
	for name, tt := range map[string]struct {
		pool   *admission.Pool
		begin  string // what occupies a place
		again  func(from string) reply
		served int
	}{
		"uploads": {a.gate.Uploads, head(http.MethodPost, "/api/tools/import", media, "Content-Length: 1000") + "{", upload, http.StatusAccepted},
		"waits": {a.gate.Waits, head(http.MethodGet, operation+"/events"), func(from string) reply {
			return a.send(t, from, http.MethodGet, operation+"/events", "")
		}, http.StatusOK},
		"downloads": {a.gate.Downloads, head(http.MethodGet, "/operations"), func(from string) reply {
			return a.send(t, from, http.MethodGet, operation+"/records?outcome=failed", "")
		}, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // they share the api
			unwanted := a.importOne(t, anotherClient)
			endRead := func() {}
			if name == "downloads" { // they wait for the only turn
				end, err := a.store.BeginRead(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				endRead = end
			}
			held := []net.Conn{a.open(t, oneClient, tt.begin), a.open(t, oneClient, tt.begin)}
			awaitUsed(t, name, tt.pool, 2)
			tt.again(oneClient).checkRefused(t, "a third", http.StatusTooManyRequests, "client-limit")
			a.send(t, oneClient, http.MethodGet, operation, "").check(t, "a poll beside them", http.StatusOK)
			a.send(t, oneClient, http.MethodPost, unwanted+":cancel", "").check(t, "a cancel beside them", http.StatusOK)
			if name != "downloads" {
				tt.again(anotherClient).check(t, "one of another client", tt.served)
			}
			for _, conn := range held {
				_ = conn.Close()
			}
			a.awaitReleased(t)
			endRead()
			tt.again(oneClient).check(t, "a third when the others are gone", tt.served)
		})
	}
}

// Expensive reads that wait for their turn do not delay polls.
func TestListsDoNotDelayPolls(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_MAX_READS": "1", "LONGSHORE_DB_MAX_CONNS": "2"})
	operation := a.importOne(t, oneClient)
	end, err := a.store.BeginRead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lists := make([]net.Conn, 20)
	for i := range lists {
		lists[i] = a.open(t, oneClient, head(http.MethodGet, "/tasks?status=FAILED"))
	}
	awaitUsed(t, "downloads", a.gate.Downloads, int64(len(lists)))
	for range 20 {
		a.send(t, oneClient, http.MethodGet, operation, "").check(t, "a poll beside the lists", http.StatusOK)
	}
	if got := a.gate.Downloads.Used(); got != int64(len(lists)) {
		t.Errorf("%d lists wait after the polls, want all %d: the polls waited for them", got, len(lists))
	}
	end()
	for _, conn := range lists {
		if got := readReply(t, conn); got.status != http.StatusOK {
			t.Errorf("a list = %d, want 200 when it has its turn", got.status)
		}
	}
}

// readReply reads the response to a request that was sent on a connection.
func readReply(t *testing.T, conn net.Conn) reply {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(waitLimit))
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var body strings.Builder
	_, _ = bufio.NewReader(response.Body).WriteTo(&body)
	return reply{response.StatusCode, response.Header, body.String()}
}

// Connections beyond a client's limit can poll and cancel, but not import. Beyond those they are
// refused at the first byte of their request. Another client is served.
func TestClientConnections(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_MAX_CLIENT_CONNECTIONS": "4"}) // and one more, for polls
	operation := a.importOne(t, oneClient)
	held := make([]net.Conn, 4)
	for i := range held {
		held[i] = a.open(t, oneClient, head(http.MethodGet, operation))
		readReply(t, held[i]).check(t, "a poll on a connection that stays", http.StatusOK)
	}
	beyond := a.open(t, oneClient, head(http.MethodPost, "/api/tools/import", "Content-Type: application/x-ndjson", "Content-Length: 15")+`{"tool_id":"A"}`)
	readReply(t, beyond).checkRefused(t, "an import on one connection too many", http.StatusTooManyRequests, "client-limit")
	_ = beyond.Close()
	awaitUsed(t, "connections of the reserve", a.gate.Connections.Reserved, 0)
	last := a.open(t, oneClient, "")
	readReply(t, a.open(t, oneClient, head(http.MethodGet, operation))).checkRefused(t, "two connections too many", http.StatusTooManyRequests, "client-limit")
	a.send(t, anotherClient, http.MethodGet, operation, "").check(t, "a poll of another client", http.StatusOK)
	if _, err := last.Write([]byte(head(http.MethodDelete, operation))); err != nil {
		t.Fatal(err)
	}
	readReply(t, last).check(t, "a cancel on one connection too many", http.StatusOK)
}

// Parts count while they arrive: beyond the limit of their upload, or of their client, one is refused
// before its end, and what was received of parts that break off is forgotten.
func TestPartsBeyondLimit(t *testing.T) {
	t.Parallel()
	const (
		partBytes = 1 << 20
		sent      = 448 << 10
		// counted is the least that is counted of what was sent: the last block may be incomplete.
		counted = 256 << 10
	)
	for name, tt := range map[string]struct {
		variables map[string]string
		status    int
		code      string
		another   int // of another client, meanwhile
	}{
		"of the upload": {map[string]string{"LONGSHORE_MAX_BODY_BYTES": "1048576"}, http.StatusRequestEntityTooLarge, "upload-too-large", http.StatusRequestEntityTooLarge},
		"of the client": {map[string]string{"LONGSHORE_MAX_CLIENT_RECEIPT_BYTES": "1048576"}, http.StatusTooManyRequests, "client-limit", http.StatusCreated},
		"of all":        {map[string]string{"LONGSHORE_MAX_RECEIPT_BYTES": "1048576"}, http.StatusServiceUnavailable, "server-busy", http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.variables["LONGSHORE_MAX_PART_BYTES"] = "1048576"
			a := startAPI(t, tt.variables)
			var upload struct{ Parts string }
			started := a.send(t, oneClient, http.MethodPost, "/api/tools/import:upload-start", "", "Content-Type: application/x-ndjson")
			if err := json.Unmarshal([]byte(started.body), &upload); err != nil {
				t.Fatalf("upload-start = %d %s", started.status, started.body)
			}
			_, path, _ := strings.Cut(upload.Parts, a.address)
			part := func(n string) string { return strings.ReplaceAll(path, "{n}", n) }
			begin := func(n string, bytes int) net.Conn {
				return a.open(t, oneClient, head(http.MethodPut, part(n), "Content-Length: 1048576")+strings.Repeat("x", bytes))
			}
			var held []net.Conn
			for n, number := range []string{"1", "2"} {
				held = append(held, begin(number, sent))
				awaitUse(t, "receipt", a.gate.Receipt, func(used int64) bool { return used >= int64(n+1)*counted })
			}
			refused := readReply(t, begin("3", partBytes-1))
			refused.check(t, "a third part that has not ended", tt.status)
			if !strings.Contains(refused.body, tt.code) || tt.status != http.StatusRequestEntityTooLarge && refused.header.Get("Retry-After") == "" {
				t.Errorf("a third part = %v %s, want %s, and Retry-After unless it is too large", refused.header, refused.body, tt.code)
			}
			a.send(t, anotherClient, http.MethodPut, part("4"), strings.Repeat("x", 2*sent)).check(t, "a part of another client", tt.another)
			for _, conn := range held {
				_ = conn.Close()
			}
			a.awaitReleased(t)
			sql := storetest.Connect(t, a.url)
			kept := storetest.Number(t, sql, `SELECT count(*) FROM xforce.upload_parts`)
			storetest.Await(t, sql, `SELECT count(DISTINCT version) = $1 FROM xforce.upload_pieces`, kept)
			a.send(t, oneClient, http.MethodPut, part("4"), strings.Repeat("x", partBytes)).check(t, "a part when the others are gone",
				map[bool]int{true: http.StatusOK, false: http.StatusCreated}[kept > 0])
		})
	}
}
