// Package queues is asynq's web UI, made safe to show: it asks no other host for anything, and of an entry it shows ids only.
package queues

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/hibiken/asynqmon"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/services/console/internal/access"
)

// Root is where the UI stands.
const Root = "/queues"

// UI answers for the web UI. It is safe for concurrent use.
type UI struct {
	readOnly, full *asynqmon.HTTPHandler
}

// New makes the UI; Close ends its connections.
func New(redis *queue.Redis) *UI {
	options := asynqmon.Options{
		RootPath:         Root,
		RedisConnOpt:     redis.ForConsole(),
		PayloadFormatter: asynqmon.PayloadFormatterFunc(showIDs),
		ResultFormatter:  asynqmon.ResultFormatterFunc(func(string, []byte) string { return "" }),
	}
	full := asynqmon.New(options)
	options.ReadOnly = true
	return &UI{readOnly: asynqmon.New(options), full: full}
}

// Close ends the connections to Redis.
func (u *UI) Close() error { return errors.Join(u.readOnly.Close(), u.full.Close()) }

// For returns the UI as a role may use it.
func (u *UI) For(role access.Role) http.Handler {
	if role == access.Operator {
		return sealed(u.full)
	}
	return sealed(u.readOnly)
}

// showIDs tells which operation an entry belongs to, and nothing that a payload may otherwise hold.
func showIDs(_ string, payload []byte) string {
	c, err := job.DecodeChunk(payload)
	if err != nil {
		return "not an entry of Longshore's"
	}
	return fmt.Sprintf("operation %s, chunk %d", c.OperationID, c.Seq)
}
