package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longshore-io/longshore/pkg/config"
)

// Redis is the connection pool that the clients, servers and inspectors of one process share. It
// leads to one server, to the master that Sentinel names, or to the nodes of a cluster.
type Redis struct {
	client redis.UniversalClient
	driver driver
	prefix string
	usable atomic.Bool // Check has succeeded
}

// Open returns a pool for the configured Redis. It connects on first use and does not fail when
// Redis is down. It returns an error for an address of an unknown form and for unusable certificate
// files. The driver's own log messages go to log at debug level, because what matters of them is
// returned as an error.
func Open(cfg config.Redis, log *slog.Logger) (*Redis, error) {
	setDriverLog.Do(func() { redis.SetLogger(driverLog{log}) })
	d, err := newDriver(cfg)
	if err != nil {
		return nil, err
	}
	r := &Redis{client: d.newClient(), driver: d}
	if cfg.Prefix != "" {
		r.prefix = cfg.Prefix + "-"
	}
	return r, nil
}

// nameOf returns the name that Redis knows a queue or a channel by: with the prefix of the
// installation, so that several installations can share a Redis.
func (r *Redis) nameOf(name string) string { return r.prefix + name }

// setDriverLog runs once: the driver has one logger for the whole process.
var setDriverLog sync.Once

// driverLog implements the driver's logger interface.
type driverLog struct{ log *slog.Logger }

// Printf logs one message of the driver.
func (d driverLog) Printf(ctx context.Context, format string, args ...any) {
	d.log.DebugContext(ctx, "redis driver", slog.String("detail", fmt.Sprintf(format, args...)))
}

// Ping checks that Redis answers, a cluster with all of its masters, and that it is usable.
func (r *Redis) Ping(ctx context.Context) error {
	if !r.usable.Load() {
		return r.Check(ctx)
	}
	return r.eachMaster(ctx, func(ctx context.Context, server *redis.Client) error { return server.Ping(ctx).Err() })
}

// eachMaster calls visit for the server, or concurrently for all masters of a cluster.
func (r *Redis) eachMaster(ctx context.Context, visit func(context.Context, *redis.Client) error) error {
	switch client := r.client.(type) {
	case *redis.ClusterClient:
		return client.ForEachMaster(ctx, visit)
	case *redis.Client:
		return visit(ctx, client)
	default:
		return fmt.Errorf("unknown client %T", client)
	}
}

// Connections returns the pool's size, its open and its busy connections, how often a caller has
// waited for a connection, and for how long in total. The size is that of each node in a cluster.
func (r *Redis) Connections() (maxOpen, open, busy int, waits int64, waited time.Duration) {
	switch client := r.client.(type) {
	case *redis.ClusterClient:
		maxOpen = client.Options().PoolSize
	case *redis.Client:
		maxOpen = client.Options().PoolSize
	}
	stats := r.client.PoolStats()
	busy = int(stats.TotalConns - stats.IdleConns)
	return maxOpen, int(stats.TotalConns), busy, int64(stats.WaitCount), time.Duration(stats.WaitDurationNs)
}

// memorySection is the driver's name for the memory section of Redis' INFO.
const memorySection = "Memory"

// Memory returns how many bytes Redis uses and its limit in bytes; a limit of 0 means none. Of a
// cluster it returns those of the master that uses the most.
func (r *Redis) Memory(ctx context.Context) (used, limit int64, err error) {
	var mu sync.Mutex
	err = r.eachMaster(ctx, func(ctx context.Context, server *redis.Client) error {
		ofServer, limitOfServer, err := memoryOf(ctx, server)
		mu.Lock()
		defer mu.Unlock()
		if ofServer > used {
			used, limit = ofServer, limitOfServer
		}
		return err
	})
	return used, limit, err
}

func memoryOf(ctx context.Context, server *redis.Client) (used, limit int64, err error) {
	info, err := server.InfoMap(ctx, strings.ToLower(memorySection)).Result()
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
