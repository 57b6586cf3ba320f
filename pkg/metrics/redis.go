package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	redisMemory    = prometheus.NewDesc("longshore_redis_memory_bytes", "Memory that Redis uses.", nil, nil)
	redisMemoryMax = prometheus.NewDesc("longshore_redis_memory_max_bytes", "Memory limit of Redis (maxmemory); omitted without a limit.", nil, nil)
)

// memory is the memory of Redis in bytes; limit is 0 without a limit.
type memory struct{ used, limit float64 }

// RedisMemory shows the memory of Redis, at most 10 s old.
type RedisMemory struct{ source *source[memory] }

// NewRedisMemory returns the collector; read reads the memory from Redis, with a limit of 0 if there
// is none. While it fails, the metrics are omitted.
func NewRedisMemory(read func(context.Context) (used, limit int64, err error)) *RedisMemory {
	return &RedisMemory{newSource("redis_memory", func(ctx context.Context) (memory, error) {
		used, limit, err := read(ctx)
		return memory{used: float64(used), limit: float64(limit)}, err
	})}
}

// Describe implements prometheus.Collector.
func (r *RedisMemory) Describe(out chan<- *prometheus.Desc) {
	out <- redisMemory
	out <- redisMemoryMax
	r.source.errors.Describe(out)
}

// Collect implements prometheus.Collector.
func (r *RedisMemory) Collect(out chan<- prometheus.Metric) {
	current, ok := r.source.get()
	r.source.errors.Collect(out)
	if !ok {
		return
	}
	out <- prometheus.MustNewConstMetric(redisMemory, prometheus.GaugeValue, current.used)
	if current.limit > 0 {
		out <- prometheus.MustNewConstMetric(redisMemoryMax, prometheus.GaugeValue, current.limit)
	}
}
