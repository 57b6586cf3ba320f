package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	redisMemory = prometheus.NewDesc("longshore_redis_memory_bytes", "Memory that Redis uses.", nil, nil)
	redisMost   = prometheus.NewDesc("longshore_redis_memory_max_bytes", "Memory that Redis may use; left out if nothing bounds it.", nil, nil)
)

// memory is how much memory Redis uses and may use, in bytes; most is 0 if nothing bounds it.
type memory struct{ used, most float64 }

// RedisMemory shows the memory of Redis, at most 10 s old.
type RedisMemory struct{ source *source[memory] }

// NewRedisMemory makes the collector; read asks Redis. While that fails, the metrics are left out.
func NewRedisMemory(read func(context.Context) (used, most int64, err error)) *RedisMemory {
	return &RedisMemory{newSource("redis_memory", func(ctx context.Context) (memory, error) {
		used, most, err := read(ctx)
		return memory{used: float64(used), most: float64(most)}, err
	})}
}

// Describe sends what there is.
func (r *RedisMemory) Describe(out chan<- *prometheus.Desc) {
	out <- redisMemory
	out <- redisMost
	r.source.errors.Describe(out)
}

// Collect sends how it stands.
func (r *RedisMemory) Collect(out chan<- prometheus.Metric) {
	now, ok := r.source.get()
	r.source.errors.Collect(out)
	if !ok {
		return
	}
	out <- prometheus.MustNewConstMetric(redisMemory, prometheus.GaugeValue, now.used)
	if now.most > 0 {
		out <- prometheus.MustNewConstMetric(redisMost, prometheus.GaugeValue, now.most)
	}
}
