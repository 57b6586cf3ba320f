package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// dialTimeout and ioTimeout bound how long a caller waits for a Redis that does not answer.
const (
	dialTimeout = 500 * time.Millisecond
	ioTimeout   = 2 * time.Second
)

// Redis is the connection pool that the clients, servers and inspectors of one process share.
type Redis struct {
	client  redis.UniversalClient
	options *redis.Options
}

// Open returns a pool for the Redis at redisURL. It connects on first use and does not fail when
// Redis is down. The driver's own log messages go to log at debug level, because what matters of
// them is returned as an error.
func Open(redisURL string, log *slog.Logger) (*Redis, error) {
	setDriverLog.Do(func() { redis.SetLogger(driverLog{log}) })
	opts, err := redis.ParseURL(redisURL)
	if err != nil {
		return nil, fmt.Errorf("reading REDIS_URL: %w", err)
	}
	opts.ContextTimeoutEnabled = true // otherwise asynq's own connection ignores deadlines
	opts.DialTimeout = dialTimeout
	opts.ReadTimeout = ioTimeout
	opts.WriteTimeout = ioTimeout
	return &Redis{client: redis.NewClient(opts), options: opts}, nil
}

// setDriverLog runs once: the driver has one logger for the whole process.
var setDriverLog sync.Once

// driverLog implements the driver's logger interface.
type driverLog struct{ log *slog.Logger }

// Printf logs one message of the driver.
func (d driverLog) Printf(ctx context.Context, format string, args ...any) {
	d.log.DebugContext(ctx, "redis driver", slog.String("detail", fmt.Sprintf(format, args...)))
}

// Ping checks that Redis answers.
func (r *Redis) Ping(ctx context.Context) error { return r.client.Ping(ctx).Err() }

// Connections returns the pool's size, its open and its busy connections, how often a caller has
// waited for a connection, and for how long in total.
func (r *Redis) Connections() (maxOpen, open, busy int, waits int64, waited time.Duration) {
	stats := r.client.PoolStats()
	busy = int(stats.TotalConns - stats.IdleConns)
	return r.options.PoolSize, int(stats.TotalConns), busy, int64(stats.WaitCount), time.Duration(stats.WaitDurationNs)
}

// memorySection is the driver's name for the memory section of Redis' INFO.
const memorySection = "Memory"

// Memory returns how many bytes Redis uses and its limit in bytes; a limit of 0 means none.
func (r *Redis) Memory(ctx context.Context) (used, limit int64, err error) {
	info, err := r.client.InfoMap(ctx, strings.ToLower(memorySection)).Result()
	if err != nil {
		return 0, 0, fmt.Errorf("reading Redis' memory: %w", err)
	}
	used, usedErr := strconv.ParseInt(info[memorySection]["used_memory"], 10, 64)
	limit, limitErr := strconv.ParseInt(info[memorySection]["maxmemory"], 10, 64)
	if err := errors.Join(usedErr, limitErr); err != nil {
		return 0, 0, fmt.Errorf("parsing Redis' memory: %w", err)
	}
	return used, limit, nil
}

// Close closes the pool.
func (r *Redis) Close() error {
	if err := r.client.Close(); err != nil {
		return fmt.Errorf("closing the Redis connection: %w", err)
	}
	return nil
}

// ForConsole returns connection options for asynq's web UI, which creates and closes its own
// clients.
func (r *Redis) ForConsole() asynq.RedisConnOpt { return consoleConn{r.options} }

// consoleConn implements asynq.RedisConnOpt.
type consoleConn struct{ options *redis.Options }

// MakeRedisClient returns a new client. The caller closes it.
func (c consoleConn) MakeRedisClient() any { return redis.NewClient(c.options) }
