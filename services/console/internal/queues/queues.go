// Package queues serves asynq's web UI with three restrictions: pages load nothing from other hosts,
// entries show ids only, and queues of other installations that share the Redis are hidden.
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

// Root is the path of the UI.
const Root = "/queues"

// UI serves asynq's web UI. It is safe for concurrent use.
type UI struct {
	redis          *queue.Redis
	readOnly, full *asynqmon.HTTPHandler
}

// New returns the UI. Close closes its connections.
func New(redis *queue.Redis) *UI {
	options := asynqmon.Options{
		RootPath:         Root,
		RedisConnOpt:     redis.ForConsole(),
		PayloadFormatter: asynqmon.PayloadFormatterFunc(formatPayload),
		ResultFormatter:  asynqmon.ResultFormatterFunc(func(string, []byte) string { return "" }),
	}
	full := asynqmon.New(options)
	options.ReadOnly = true
	return &UI{redis: redis, readOnly: asynqmon.New(options), full: full}
}

// Close closes the connections to Redis.
func (u *UI) Close() error { return errors.Join(u.readOnly.Close(), u.full.Close()) }

// For returns the handler for a role: read-only unless the role is Operator.
func (u *UI) For(role access.Role) http.Handler {
	ui := u.readOnly
	if role == access.Operator {
		ui = u.full
	}
	return restrictSources(restrictQueues(ui, u.redis.Owns))
}

// formatPayload shows the operation and the chunk of an entry, and nothing else that a payload may
// contain.
func formatPayload(_ string, payload []byte) string {
	c, err := job.DecodeChunk(payload)
	if err != nil {
		return "unknown payload"
	}
	return fmt.Sprintf("operation %s, chunk %d", c.OperationID, c.Seq)
}
