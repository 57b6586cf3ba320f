package session

import (
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The SQLSTATE codes with which Postgres announces that it ends a session.
const (
	adminShutdown = "57P01"
	crashShutdown = "57P02"
)

// announced is the key under which a connection keeps the code of an announcement.
const announced = "longshore.announced_end"

// keepAnnouncement keeps the code with which Postgres announces that it ends a session. In an immediate
// shutdown, and in a crash of another session's process, that is a notice, after which the connection
// breaks. The process that crashes announces nothing. It is pgx's OnNotice.
func keepAnnouncement(conn *pgconn.PgConn, notice *pgconn.Notice) {
	if notice.Code == adminShutdown || notice.Code == crashShutdown {
		conn.CustomData()[announced] = notice.Code
	}
}

// EndAnnouncedError is the error of a transaction whose session Postgres has ended with a notice.
type EndAnnouncedError struct {
	Err  error
	Code string
}

// Error returns the text of the cause and the SQLSTATE of the notice.
func (e *EndAnnouncedError) Error() string {
	return fmt.Sprintf("%v (announced with SQLSTATE %s)", e.Err, e.Code)
}

// Unwrap returns the cause.
func (e *EndAnnouncedError) Unwrap() error { return e.Err }

// withAnnouncement adds the announced end of the session to an error; nil stays nil.
func withAnnouncement(conn *pgx.Conn, err error) error {
	if err == nil {
		return nil
	}
	if code, ok := conn.PgConn().CustomData()[announced].(string); ok {
		return &EndAnnouncedError{Err: err, Code: code}
	}
	return err
}
