package stack

import (
	"slices"
	"syscall"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/longshore-io/longshore/deploy/local/redis"
	"github.com/longshore-io/longshore/e2e/await"
)

func startRedis(tb testing.TB) *redis.Server {
	tb.Helper()
	server, err := redis.Start(tb.Context(), redis.Options{Port: freePort(tb)})
	if err != nil {
		tb.Fatalf("starting a Redis for the test: %v", err)
	}
	tb.Cleanup(func() {
		if err := server.Remove(); err != nil {
			tb.Errorf("stopping the test's Redis: %v", err)
		}
	})
	return server
}

func (s *Stack) connectRedis() *goredis.Client {
	s.tb.Helper()
	options, err := goredis.ParseURL(s.redis.URL())
	if err != nil {
		s.tb.Fatal(err)
	}
	return goredis.NewClient(options)
}

// FlushRedis deletes everything in Redis.
func (s *Stack) FlushRedis() {
	s.tb.Helper()
	conn := s.connectRedis()
	defer func() { _ = conn.Close() }()
	if err := conn.FlushAll(s.tb.Context()).Err(); err != nil {
		s.tb.Fatalf("flushing Redis: %v", err)
	}
}

// DrainQueue waits until a queue has no pending, scheduled, retried or active entries.
func (s *Stack) DrainQueue(name string) {
	s.tb.Helper()
	conn := s.connectRedis()
	defer func() { _ = conn.Close() }()
	await.Until(s.tb, waitLimit, "the queue "+name+" to be empty", func() bool {
		pipe := conn.Pipeline()
		key := "asynq:{" + name + "}:"
		counts := []*goredis.IntCmd{
			pipe.LLen(s.tb.Context(), key+"pending"), pipe.LLen(s.tb.Context(), key+"active"),
			pipe.ZCard(s.tb.Context(), key+"scheduled"), pipe.ZCard(s.tb.Context(), key+"retry"),
		}
		if _, err := pipe.Exec(s.tb.Context()); err != nil {
			s.tb.Fatalf("reading queue %s: %v", name, err)
		}
		return !slices.ContainsFunc(counts, func(count *goredis.IntCmd) bool { return count.Val() > 0 })
	})
}

// StopRedis ends Redis gracefully. Its data are lost.
func (s *Stack) StopRedis() {
	s.tb.Helper()
	if err := s.redis.Stop(); err != nil {
		s.tb.Fatalf("stopping Redis: %v", err)
	}
}

// KillRedis ends Redis with SIGKILL.
func (s *Stack) KillRedis() {
	s.tb.Helper()
	if err := s.redis.Kill(); err != nil {
		s.tb.Fatalf("killing Redis: %v", err)
	}
}

// FreezeRedis suspends Redis (SIGSTOP): it accepts connections and does not answer.
func (s *Stack) FreezeRedis() { s.tb.Helper(); s.signalRedis(syscall.SIGSTOP) }

// ThawRedis resumes a frozen Redis.
func (s *Stack) ThawRedis() { s.tb.Helper(); s.signalRedis(syscall.SIGCONT) }

func (s *Stack) signalRedis(signal syscall.Signal) {
	s.tb.Helper()
	if err := syscall.Kill(s.redis.Pid(), signal); err != nil {
		s.tb.Fatalf("sending %v to Redis: %v", signal, err)
	}
}

// StartRedis starts Redis again at the same address, empty.
func (s *Stack) StartRedis() {
	s.tb.Helper()
	if err := s.redis.Restart(s.tb.Context()); err != nil {
		s.tb.Fatalf("starting Redis again: %v", err)
	}
}
