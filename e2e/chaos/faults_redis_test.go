package chaos_test

import (
	"context"
	"math/rand/v2"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// outage is how long a server is away, or a condition lasts.
const outage = 6 * time.Second

// redisFaults take Redis away, empty it, and slow it down.
func redisFaults() []*fault {
	return []*fault{
		{name: "Redis flushed", survivable: true, begin: func(c *chaos, _ *rand.Rand) func() { c.redis("flushall"); return nothing }},
		{name: "Redis killed and restarted empty", lasts: outage, begin: func(c *chaos, _ *rand.Rand) func() { c.s.KillRedis(); return c.s.StartRedis }},
		{name: "Redis stopped and restarted empty", lasts: outage, begin: func(c *chaos, _ *rand.Rand) func() { c.s.StopRedis(); return c.s.StartRedis }},
		{name: "Redis frozen", lasts: outage, begin: func(c *chaos, _ *rand.Rand) func() { c.s.FreezeRedis(); return c.s.ThawRedis }},
		{name: "Redis out of memory", lasts: outage, begin: func(c *chaos, _ *rand.Rand) func() {
			c.redis("config", "set", "maxmemory", "1")
			return func() { c.redis("config", "set", "maxmemory", "0") }
		}},
		{name: "Redis slow", lasts: outage, begin: func(c *chaos, _ *rand.Rand) func() {
			return c.repeat(time.Second, func(*rand.Rand) { c.redis("client", "pause", "700", "all") })
		}},
		{name: "connections to Redis silent", survivable: true, begin: func(c *chaos, _ *rand.Rand) func() {
			c.each(func(service string, n int) { c.s.Redis(service, n).Silence() })
			return nothing
		}},
		{name: "connections to Redis reset", survivable: true, begin: func(c *chaos, _ *rand.Rand) func() {
			c.each(func(service string, n int) { c.s.Redis(service, n).Reset() })
			return nothing
		}},
		{name: "network to Redis silent", lasts: outage, begin: func(c *chaos, _ *rand.Rand) func() {
			c.each(func(service string, n int) { c.s.Redis(service, n).SilenceAll() })
			return func() { c.each(func(service string, n int) { c.s.Redis(service, n).Restore() }) }
		}},
	}
}

// redis sends a command to Redis. When Redis is away, because another fault stopped it, nothing
// happens.
func (c *chaos) redis(args ...any) {
	options, err := goredis.ParseURL(c.s.RedisURL())
	if err != nil {
		c.t.Error(err)
		return
	}
	client := goredis.NewClient(options)
	defer func() { _ = client.Close() }()
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Second)
	defer cancel()
	_ = client.Do(ctx, args...).Err()
}

// repeat calls do at an interval in the background until the returned function is called.
func (c *chaos) repeat(interval time.Duration, do func(*rand.Rand)) (end func()) {
	ctx, cancel := context.WithCancel(c.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		random := newRandom(0)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			do(random)
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	}()
	return func() { cancel(); <-done }
}
