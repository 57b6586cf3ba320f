// Package queuetest provides each test with its own empty Redis database. Only tests import it.
package queuetest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/queue"
)

const (
	// databases is the default number of databases of a Redis server. Number 0 stores the leases.
	databases = 16
	// leaseTime releases the database of a test that was killed.
	leaseTime = 5 * time.Minute
	// leaseTimeout is how long a test waits for a free database.
	leaseTimeout = 2 * time.Minute
)

// Redis is the database of a test: the pool under test, and a client to inspect the database
// directly.
type Redis struct {
	Queue  *queue.Redis
	Client *redis.Client
	URL    string
}

// New leases an empty database of the server at REDIS_URL until the test ends. Without a server it
// fails the test instead of skipping it, because a skipped test proves nothing.
func New(tb testing.TB) Redis {
	tb.Helper()
	opts, err := redis.ParseURL(os.Getenv("REDIS_URL"))
	if err != nil {
		tb.Fatalf("REDIS_URL must name one server, as redis://host:6379/0 (%v); without it, make test starts one", err)
	}
	opts.DB = lease(tb, opts)
	client := redis.NewClient(opts)
	tb.Cleanup(func() { _ = client.Close() })
	if err := client.FlushDB(tb.Context()).Err(); err != nil {
		tb.Fatalf("emptying the test's Redis database: %v", err)
	}
	r := Redis{Client: client, URL: fmt.Sprintf("redis://%s/%d", opts.Addr, opts.DB)}
	r.Queue, err = queue.Open(config.Redis{URL: r.URL}, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = r.Queue.Close() })
	return r
}

// lease returns the number of a database that no other test uses, in this process or another.
func lease(tb testing.TB, opts *redis.Options) int {
	tb.Helper()
	zero := *opts
	zero.DB = 0
	client := redis.NewClient(&zero)
	tb.Cleanup(func() { _ = client.Close() })
	for deadline := time.Now().Add(leaseTimeout); time.Now().Before(deadline); {
		for n := 1; n < databases; n++ {
			key := fmt.Sprintf("queuetest:%d", n)
			leased, err := client.SetNX(tb.Context(), key, tb.Name(), leaseTime).Result()
			if err != nil {
				tb.Fatalf("leasing a Redis database: %v", err)
			}
			if leased {
				tb.Cleanup(func() { client.Del(context.Background(), key) })
				return n
			}
		}
	}
	tb.Fatal("timeout waiting for a free Redis database")
	return 0
}
