package pgproxy

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Types of messages of the client, and of the server.
const (
	parse, bind, execute, query, syncAll = 'P', 'B', 'E', 'Q', 'S'

	commandComplete, emptyQuery, portalSuspended = 'C', 'I', 's'
	errorResponse, readyForQuery                 = 'E', 'Z'
)

// headerSize is the size of a message's type and length.
const headerSize = 5

// message is a complete message of Postgres's protocol, with its header.
type message []byte

// kind returns the message's type.
func (m message) kind() byte { return m[0] }

func readMessage(r io.Reader) (message, error) {
	header := make([]byte, headerSize)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, err
	}
	// The length includes itself, but not the type.
	size := int64(binary.BigEndian.Uint32(header[1:])) - 4
	if size < 0 {
		return nil, fmt.Errorf("a message of type %q has the size %d", header[0], size)
	}
	m := make([]byte, headerSize+size)
	copy(m, header)
	_, err := io.ReadFull(r, m[headerSize:])
	return m, err
}

// decode decodes the message's body into a value. A driver's messages are always well formed.
func decode[M pgproto3.Message](value M, m message) M {
	if err := value.Decode(m[headerSize:]); err != nil {
		panic(fmt.Sprintf("decoding a message of type %q: %v", m.kind(), err))
	}
	return value
}

// encode returns the message's bytes.
func encode(m pgproto3.Message) message {
	data, err := m.Encode(nil)
	if err != nil {
		panic(fmt.Sprintf("encoding a %T: %v", m, err))
	}
	return data
}

func failure(severity, sqlState string) message {
	return encode(&pgproto3.ErrorResponse{
		Severity: severity, SeverityUnlocalized: severity, Code: sqlState, Message: "an error made by the fault proxy",
	})
}
