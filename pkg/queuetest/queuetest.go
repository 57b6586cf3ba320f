// Package queuetest gives each test an empty Redis database of its own. It is imported by tests only.
package queuetest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longshore-io/longshore/pkg/queue"
)

const (
	// databases is how many databases a Redis has unless it is told otherwise; number 0 keeps the leases.
	databases = 16
	// leaseTime frees the database of a test that was killed.
	leaseTime = 5 * time.Minute
	// patience is how long a test waits for a database.
	patience = 2 * time.Minute
)

// Redis is a test's database: what the product sees, and a client to look behind it.
type Redis struct {
	Queue  *queue.Redis
	Client *redis.Client
	URL    string
}

// New leases an empty database on the server at REDIS_URL until the test ends; without a server the test fails, because a
// skipped test proves nothing.
func New(tb testing.TB) Redis {
	tb.Helper()
	opts, err := redis.ParseURL(os.Getenv("REDIS_URL"))
	if err != nil {
		tb.Fatalf("REDIS_URL is not usable (%v): run the tests with make test, which starts what they need", err)
	}
	opts.DB = lease(tb, opts)
	client := redis.NewClient(opts)
	tb.Cleanup(func() { _ = client.Close() })
	if err := client.FlushDB(tb.Context()).Err(); err != nil {
		tb.Fatalf("emptying the test's Redis database: %v", err)
	}
	r := Redis{Client: client, URL: fmt.Sprintf("redis://%s/%d", opts.Addr, opts.DB)}
	r.Queue, err = queue.Open(r.URL, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = r.Queue.Close() })
	return r
}

// lease takes a number that no other test has, in this process or another.
func lease(tb testing.TB, opts *redis.Options) int {
	tb.Helper()
	zero := *opts
	zero.DB = 0
	client := redis.NewClient(&zero)
	tb.Cleanup(func() { _ = client.Close() })
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		for n := 1; n < databases; n++ {
			key := fmt.Sprintf("queuetest:%d", n)
			free, err := client.SetNX(tb.Context(), key, tb.Name(), leaseTime).Result()
			if err != nil {
				tb.Fatalf("leasing a Redis database: %v", err)
			}
			if free {
				tb.Cleanup(func() { client.Del(context.Background(), key) })
				return n
			}
		}
	}
	tb.Fatal("no Redis database became free")
	return 0
}
