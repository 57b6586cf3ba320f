package rig

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// claim is a key that keeps other benchmarks out of the database.
const claim = "longshore-bench"

// redisDatabases is how many databases a Redis has unless it is configured otherwise.
const redisDatabases = 16

// openRedis takes an empty database of the server, because importers work on every entry that they find: the
// benchmark's must not meet those of others. It returns the database's address.
func (r *Rig) openRedis(ctx context.Context, serverURL string) (string, error) {
	opts, err := redis.ParseURL(serverURL)
	if err != nil {
		return "", fmt.Errorf("reading the address of Redis: %w", err)
	}
	wished := opts.DB
	for i := range redisDatabases {
		opts.DB = (wished + i) % redisDatabases
		client := redis.NewClient(opts)
		ours, err := claimEmpty(ctx, client)
		if err != nil {
			return "", errors.Join(fmt.Errorf("claiming Redis database %d: %w", opts.DB, err), client.Close())
		}
		if ours {
			r.keepRedis(client)
			return withDatabase(serverURL, strconv.Itoa(opts.DB))
		}
		if err := client.Close(); err != nil {
			return "", fmt.Errorf("leaving Redis database %d: %w", opts.DB, err)
		}
	}
	return "", fmt.Errorf("none of the %d Redis databases is empty: empty one that you do not need with FLUSHDB", redisDatabases)
}

// claimEmpty claims the database if nothing is in it.
func claimEmpty(ctx context.Context, client *redis.Client) (bool, error) {
	keys, err := client.DBSize(ctx).Result()
	if err != nil || keys > 0 {
		return false, err
	}
	return client.SetNX(ctx, claim, 1, 0).Result()
}

func (r *Rig) keepRedis(client *redis.Client) {
	r.Redis = client
	r.onClose(func(context.Context) error { return client.Close() })
	r.onClose(func(ctx context.Context) error {
		if err := client.FlushDB(ctx).Err(); err != nil {
			return fmt.Errorf("emptying the benchmark's Redis database: %w", err)
		}
		return nil
	})
}
