package rig

import (
	"context"
	"fmt"
	"runtime"
	"strings"
)

// settings are those of Postgres that decide about its speed.
var settings = []string{"fsync", "synchronous_commit", "full_page_writes", "wal_level", "shared_buffers", "max_wal_size"}

// Describe tells in lines what the figures were measured on.
func (r *Rig) Describe(ctx context.Context) ([]string, error) {
	postgres, err := r.describePostgres(ctx)
	if err != nil {
		return nil, err
	}
	server, err := r.Redis.InfoMap(ctx, "server").Result()
	if err != nil {
		return nil, fmt.Errorf("asking Redis for its version: %w", err)
	}
	config, err := r.Redis.ConfigGet(ctx, "append*").Result()
	if err != nil {
		return nil, fmt.Errorf("asking Redis for its durability: %w", err)
	}
	return []string{
		fmt.Sprintf("%d cores, %s/%s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version()),
		postgres,
		fmt.Sprintf("Redis %s: appendonly %s, appendfsync %s", server["Server"]["redis_version"], config["appendonly"], config["appendfsync"]),
		fmt.Sprintf("%d importers, one of each other service", r.Importers),
	}, nil
}

func (r *Rig) describePostgres(ctx context.Context) (string, error) {
	var version string
	if err := r.Conn.QueryRow(ctx, "SELECT current_setting('server_version')").Scan(&version); err != nil {
		return "", fmt.Errorf("asking Postgres for its version: %w", err)
	}
	words := make([]string, len(settings))
	for i, name := range settings {
		var value string
		if err := r.Conn.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&value); err != nil {
			return "", fmt.Errorf("asking Postgres for %s: %w", name, err)
		}
		words[i] = name + " " + value
	}
	return "Postgres " + version + ": " + strings.Join(words, ", "), nil
}
