// Package queue rings the bell: it puts chunks that are due into Redis through asynq, serves them to workers, and tells what
// is queued. Nothing here is a source of truth; every entry can be rebuilt from Postgres.
package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/longshore-io/longshore/pkg/job"
)

const (
	// stepTimeout bounds one step. It must be longer than any sane chunk takes; without it asynq would take 30 minutes.
	stepTimeout = 5 * time.Minute
	// splitTimeout bounds the splitting of an upload in pieces, which is no step: it takes about a minute for each few GiB.
	splitTimeout = 3 * time.Hour
	// reportTimeout bounds a step of a report, which writes its whole file in one: ten million records take some minutes.
	reportTimeout = 3 * time.Hour
	// maxRetry only has to be positive: the server counts no failure, since giving up is Postgres's decision, which counts the
	// attempts.
	maxRetry = 1
	// dialTimeout and ioTimeout keep a black-holed Redis from holding anybody: a bell may fail to ring.
	dialTimeout = 500 * time.Millisecond
	ioTimeout   = 2 * time.Second
)

// Redis is the connection that clients, servers and inspectors of one process share.
type Redis struct {
	client  redis.UniversalClient
	options *redis.Options
}

// Open prepares the connection. It does not fail when Redis is down, because nothing is lost without it. The driver's own
// words go to the log as debugging: what matters of them comes back as an error.
func Open(redisURL string, log *slog.Logger) (*Redis, error) {
	redirect.Do(func() { redis.SetLogger(driverLog{log}) })
	opts, err := redis.ParseURL(redisURL)
	if err != nil {
		return nil, fmt.Errorf("reading REDIS_URL: %w", err)
	}
	opts.ContextTimeoutEnabled = true // asynq's own connection ignores deadlines when Redis is a black hole
	opts.DialTimeout = dialTimeout
	opts.ReadTimeout = ioTimeout
	opts.WriteTimeout = ioTimeout
	return &Redis{client: redis.NewClient(opts), options: opts}, nil
}

// redirect is done once, because the driver has one log for the whole process.
var redirect sync.Once

// driverLog is a log as the driver wants it.
type driverLog struct{ log *slog.Logger }

// Printf writes one line of the driver.
func (d driverLog) Printf(ctx context.Context, format string, args ...any) {
	d.log.DebugContext(ctx, "redis driver", slog.String("detail", fmt.Sprintf(format, args...)))
}

// Ping asks Redis whether it answers.
func (r *Redis) Ping(ctx context.Context) error { return r.client.Ping(ctx).Err() }

// Connections tells how the pool stands, as the store's does.
func (r *Redis) Connections() (most, open, busy int, waits int64, waited time.Duration) {
	stat := r.client.PoolStats()
	return r.options.PoolSize, int(stat.TotalConns), int(stat.TotalConns - stat.IdleConns), int64(stat.WaitCount), time.Duration(stat.WaitDurationNs)
}

// Close ends the connection.
func (r *Redis) Close() error {
	if err := r.client.Close(); err != nil {
		return fmt.Errorf("closing the Redis connection: %w", err)
	}
	return nil
}

// Dispatcher puts chunks into the queue. It is safe for concurrent use.
type Dispatcher struct {
	client    *asynq.Client
	inspector *asynq.Inspector
}

// NewDispatcher makes a dispatcher. It remembers which queues it has announced to asynq's tools, so one that must heal
// a flushed Redis is made anew for each pass.
func NewDispatcher(r *Redis) *Dispatcher {
	return &Dispatcher{client: asynq.NewClientFromRedisClient(r.client), inspector: asynq.NewInspectorFromRedisClient(r.client)}
}

// Dispatch enqueues a chunk. An entry for the same chunk and generation that is queued already is fine, but not one that was put aside: an
// id that its client gave may come again when the operation that failed is long forgotten.
func (d *Dispatcher) Dispatch(ctx context.Context, kind job.Kind, c job.Chunk, g Generation) error {
	err := d.enqueue(ctx, kind, c, entryID(c, g))
	if errors.Is(err, asynq.ErrTaskIDConflict) {
		err = d.besideWhatIsPutAside(ctx, kind, c, entryID(c, g))
	}
	if err != nil && !errors.Is(err, asynq.ErrTaskIDConflict) {
		return fmt.Errorf("dispatching chunk %s: %w", c, err)
	}
	return nil
}

// entryID names an entry.
func entryID(c job.Chunk, g Generation) string { return c.String() + "." + string(g) }

// besideWhatIsPutAside enqueues a chunk whose entry the queue holds only for people to see; one that is queued or gone already is left so.
func (d *Dispatcher) besideWhatIsPutAside(ctx context.Context, kind job.Kind, c job.Chunk, id string) error {
	putAside, err := within(ctx, func() (bool, error) {
		entry, err := d.inspector.GetTaskInfo(kind.Queue(), id)
		return err == nil && entry.State == asynq.TaskStateArchived, nil
	})
	if err != nil || !putAside {
		return err
	}
	return d.enqueue(ctx, kind, c, entryID(c, NewGeneration()))
}

func (d *Dispatcher) enqueue(ctx context.Context, kind job.Kind, c job.Chunk, id string) error {
	entry := asynq.NewTask(string(kind), c.Encode())
	_, err := d.client.EnqueueContext(ctx, entry,
		asynq.TaskID(id),
		asynq.Queue(kind.Queue()),
		asynq.MaxRetry(maxRetry),
		asynq.Timeout(timeoutOf(kind)))
	return err
}

func timeoutOf(kind job.Kind) time.Duration {
	switch kind {
	case job.Split:
		return splitTimeout
	case job.Report:
		return reportTimeout
	default:
		return stepTimeout
	}
}

// Generation distinguishes the entries of one chunk: an id that asynq still holds, dead or archived, blocks its like.
type Generation string

// FirstDispatch is the generation of the regular way; a chunk goes it once.
const FirstDispatch Generation = "0"

// GenerationOf is the generation of an entry for a chunk on which so many steps were done: each step of an operation that takes many is
// dispatched once.
func GenerationOf(steps int) Generation { return Generation(strconv.Itoa(steps)) }

// NewGeneration makes the generation of a rescue.
func NewGeneration() Generation { return Generation(uuid.NewString()[:8]) }

// ForConsole hands the connection's options to asynq's web UI, which makes and closes clients of its own.
func (r *Redis) ForConsole() asynq.RedisConnOpt { return consoleConn{r.options} }

// consoleConn makes clients as asynq wants them.
type consoleConn struct{ options *redis.Options }

// MakeRedisClient makes a client; whoever asked closes it.
func (c consoleConn) MakeRedisClient() any { return redis.NewClient(c.options) }
