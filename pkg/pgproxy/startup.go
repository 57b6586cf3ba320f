package pgproxy

import (
	"io"

	"github.com/jackc/pgx/v5/pgproto3"
)

// startUp forwards the first message of a connection: the start of a session, or a request to cancel
// a statement, which has no answer. It reports whether a session begins.
func (s *session) startUp() bool {
	backend := pgproto3.NewBackend(s.conn.client, s.conn.client)
	for {
		first, err := backend.ReceiveStartupMessage()
		if err != nil {
			return false
		}
		switch first := first.(type) {
		case *pgproto3.StartupMessage:
			return s.begin(first)
		case *pgproto3.CancelRequest:
			s.conn.toServer.push(item{data: encode(first)})
			return false
		default: // a request for encryption
			s.conn.toClient.push(item{data: []byte{'N'}})
		}
	}
}

func (s *session) begin(start *pgproto3.StartupMessage) bool {
	if s.refusal != "" {
		s.conn.toClient.push(item{data: failure("FATAL", s.refusal)})
		s.conn.toClient.push(item{fault: closeConn})
		_, _ = io.Copy(io.Discard, s.conn.client) // until the client has read the error
		return false
	}
	s.conn.toServer.push(item{data: encode(start)})
	return true
}
