package pgproxy

import (
	"math/rand/v2"
	"sync"

	"github.com/jackc/pgx/v5/pgproto3"
)

// session reads one connection's messages and decides which statements a fault hits.
type session struct {
	conn    *conn
	proxy   *Postgres
	refusal string
	random  *rand.Rand
	// statements contains the SQL of the prepared statements by name, portals that of the portals.
	statements, portals map[string]string

	mu sync.Mutex
	// pending contains what the server has not answered yet, in the order of the messages.
	pending []*request
	// withheld collects the answer to a statement with a fault BeforeAnswer.
	withheld []byte
	answer   *Fault // the fault of the answer that is withheld
}

// request is a message of the client that the server answers.
type request struct {
	kind  byte // type of the client's message
	fault *Fault
}

func (s *session) fromClient() {
	if !s.startUp() {
		return
	}
	for {
		message, err := readMessage(s.conn.client)
		if err != nil {
			return
		}
		s.conn.toServer.push(s.request(message))
	}
}

// request returns what is forwarded instead of a client's message.
func (s *session) request(m message) item {
	switch m.kind() {
	case parse:
		prepared := decode(new(pgproto3.Parse), m)
		s.statements[prepared.Name] = prepared.Query
	case bind:
		bound := decode(new(pgproto3.Bind), m)
		s.portals[bound.DestinationPortal] = s.statements[bound.PreparedStatement]
	case query:
		return s.statement(m, decode(new(pgproto3.Query), m).String)
	case execute:
		return s.statement(m, s.portals[decode(new(pgproto3.Execute), m).Portal])
	case syncAll:
		s.expect(&request{kind: m.kind()})
	}
	return item{data: m}
}

// statement returns what is forwarded instead of a message that executes a statement.
func (s *session) statement(m message, sql string) item {
	fault := s.proxy.pick(sql, s.random)
	if fault == nil {
		s.expect(&request{kind: m.kind()})
		return item{data: m}
	}
	switch {
	case fault.Action == Fail && fault.Fatal:
		s.conn.toClient.push(item{data: failure("FATAL", fault.SQLState)})
		s.conn.toClient.push(item{fault: closeConn})
		return item{}
	case fault.Action == Fail:
		s.expect(&request{kind: m.kind(), fault: fault})
		return item{data: failingStatement(m, sql)}
	case fault.Moment == BeforeAnswer:
		s.expect(&request{kind: m.kind(), fault: fault})
		return item{data: m}
	default:
		s.expect(&request{kind: m.kind()})
		return fault.apply(m)
	}
}

// apply returns the data as an item with the fault.
func (f *Fault) apply(data []byte) item {
	switch f.Action {
	case Silence:
		return item{data: data, fault: silence}
	case Delay:
		return item{data: data, delay: f.Delay}
	default:
		return item{fault: reset}
	}
}

// failingStatement returns a message that makes the server abort the transaction as the error of a
// statement does.
func failingStatement(m message, sql string) []byte {
	switch {
	case Commit.MatchString(sql):
		return encode(&pgproto3.Query{String: "rollback"})
	case m.kind() == query:
		return encode(&pgproto3.Query{String: "a syntax error made by the fault proxy"})
	default:
		return encode(&pgproto3.Execute{Portal: "a portal that does not exist"})
	}
}

func (s *session) expect(r *request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = append(s.pending, r)
}

func (s *session) fromServer() {
	for {
		message, err := readMessage(s.conn.server)
		if err != nil {
			return
		}
		s.response(message)
	}
}

// response forwards a message of the server, or withholds it until the end of an answer that a
// fault hits.
func (s *session) response(m message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch m.kind() {
	case commandComplete, emptyQuery, portalSuspended, errorResponse: // the end of one statement
		m = s.endOfStatement(m)
	case readyForQuery:
		s.endOfRequests()
	}
	if s.answer == nil {
		s.conn.toClient.push(item{data: m})
		return
	}
	s.withheld = append(s.withheld, m...)
	if m.kind() == readyForQuery {
		s.conn.toClient.push(s.answer.apply(s.withheld))
		s.withheld, s.answer = nil, nil
	}
}

// endOfStatement returns what is forwarded instead of the last message of the answer to a
// statement.
func (s *session) endOfStatement(m message) message {
	if len(s.pending) == 0 || s.pending[0].kind == syncAll {
		return m
	}
	first := s.pending[0]
	if first.kind == execute && m.kind() != errorResponse {
		s.pending = s.pending[1:] // after an error, ReadyForQuery ends all
	}
	switch {
	case first.fault == nil:
		return m
	case first.fault.Action == Fail:
		return failure("ERROR", first.fault.SQLState)
	default:
		s.answer = first.fault
		return m
	}
}

// endOfRequests removes the requests that a ReadyForQuery answers: one simple query, or all up to
// the next Sync.
func (s *session) endOfRequests() {
	for i, r := range s.pending {
		if r.kind == query || r.kind == syncAll {
			s.pending = s.pending[i+1:]
			return
		}
	}
}
