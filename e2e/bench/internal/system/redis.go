package system

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// claimKey marks a Redis database as used by a benchmark.
	claimKey = "longshore-bench"
	// redisDatabases is the number of databases of a Redis by default.
	redisDatabases = 16
)

// openRedis claims an empty database of the server and returns its address. The database must be
// empty because importers process every entry that they find.
func (s *System) openRedis(ctx context.Context, serverURL string) (string, error) {
	opts, err := redis.ParseURL(serverURL)
	if err != nil {
		return "", fmt.Errorf("parsing the address of Redis: %w", err)
	}
	first := opts.DB
	for i := range redisDatabases {
		opts.DB = (first + i) % redisDatabases
		client := redis.NewClient(opts)
		claimed, err := claim(ctx, client)
		if err != nil {
			return "", errors.Join(fmt.Errorf("claiming Redis database %d: %w", opts.DB, err), client.Close())
		}
		if claimed {
			s.Redis = client
			s.onClose(func(context.Context) error { return client.Close() })
			s.onClose(func(ctx context.Context) error { return client.FlushDB(ctx).Err() })
			return withDatabase(serverURL, strconv.Itoa(opts.DB))
		}
		if err := client.Close(); err != nil {
			return "", fmt.Errorf("closing Redis database %d: %w", opts.DB, err)
		}
	}
	return "", fmt.Errorf("none of the %d Redis databases is empty: empty one with FLUSHDB", redisDatabases)
}

// claim claims the database if it is empty.
func claim(ctx context.Context, client *redis.Client) (bool, error) {
	keys, err := client.DBSize(ctx).Result()
	if err != nil || keys > 0 {
		return false, err
	}
	return client.SetNX(ctx, claimKey, 1, 0).Result()
}

// RedisLoad is what a Redis server has done since its start, or between two readings.
type RedisLoad struct {
	// Calls counts the calls of each command except INFO, also those by scripts.
	Calls map[string]int64
	// CPU is the processor time of the server.
	CPU time.Duration
}

// ReadRedisLoad returns the load since the server's start.
func ReadRedisLoad(ctx context.Context, client *redis.Client) (RedisLoad, error) {
	info, err := client.InfoMap(ctx, "commandstats", "cpu").Result()
	if err != nil {
		return RedisLoad{}, fmt.Errorf("reading the load of Redis: %w", err)
	}
	return parseRedisLoad(info)
}

// parseRedisLoad parses the sections of INFO (https://redis.io/docs/latest/commands/info/).
func parseRedisLoad(info map[string]map[string]string) (RedisLoad, error) {
	load := RedisLoad{Calls: map[string]int64{}}
	for name, text := range info["Commandstats"] {
		var calls int64
		if _, err := fmt.Sscanf(text, "calls=%d,", &calls); err != nil {
			return RedisLoad{}, fmt.Errorf("parsing %s: %w", name, err)
		}
		if command := strings.TrimPrefix(name, "cmdstat_"); command != "info" {
			load.Calls[command] = calls
		}
	}
	for _, name := range []string{"used_cpu_sys", "used_cpu_user"} {
		seconds, err := strconv.ParseFloat(info["CPU"][name], 64)
		if err != nil {
			return RedisLoad{}, fmt.Errorf("parsing %s: %w", name, err)
		}
		load.CPU += time.Duration(seconds * float64(time.Second))
	}
	return load, nil
}

// Since returns the load between an earlier reading and this one.
func (l RedisLoad) Since(earlier RedisLoad) RedisLoad {
	between := RedisLoad{Calls: map[string]int64{}, CPU: l.CPU - earlier.CPU}
	for command, calls := range l.Calls {
		if more := calls - earlier.Calls[command]; more > 0 {
			between.Calls[command] = more
		}
	}
	return between
}

// OtherClients returns the number of connections that use another database than the client. Their
// commands are part of the server's load.
func OtherClients(ctx context.Context, client *redis.Client) (int, error) {
	list, err := client.ClientList(ctx).Result()
	if err != nil {
		return 0, fmt.Errorf("listing the clients of Redis: %w", err)
	}
	return countOthers(list, client.Options().DB), nil
}

// countOthers counts the lines such as "id=3 addr=127.0.0.1:51212 … db=0 …" with another database.
func countOthers(list string, database int) (others int) {
	own := "db=" + strconv.Itoa(database)
	for line := range strings.Lines(list) {
		if fields := strings.Fields(line); len(fields) > 0 && !slices.Contains(fields, own) {
			others++
		}
	}
	return others
}
