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

// infoPath is the path of Redis' own description of itself: its address, version, configuration file
// and executable.
const infoPath = Root + "/api/redis_info"

// For returns the handler for a role. Unless the role is Operator, it is read-only and does not show
// the description of Redis.
func (u *UI) For(role access.Role) http.Handler {
	if role == access.Operator {
		return restrictSources(restrictQueues(u.full, u.redis.Owns))
	}
	readOnly := restrictSources(restrictQueues(u.readOnly, u.redis.Owns))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == infoPath {
			http.Error(w, "Only operators may see the description of Redis.", http.StatusForbidden)
			return
		}
		readOnly.ServeHTTP(w, r)
	})
}

// formatPayload shows the operation and the chunk of an entry, how many other imports it contains, and
// nothing else that a payload may contain.
func formatPayload(_ string, payload []byte) string {
	e, err := job.DecodeEntry(payload)
	switch {
	case err != nil:
		return "unknown payload"
	case len(e.More) > 0:
		return fmt.Sprintf("operation %s, chunk %d, and %d more imports", e.OperationID, e.Seq, len(e.More))
	}
	return fmt.Sprintf("operation %s, chunk %d", e.OperationID, e.Seq)
}
