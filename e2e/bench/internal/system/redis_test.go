package system

import (
	"maps"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestRedisLoadSince(t *testing.T) {
	t.Parallel()
	before := parseLoad(t, "calls=100,usec=1", "calls=7,usec=1", "1.5")
	between := parseLoad(t, "calls=160,usec=2", "calls=7,usec=1", "1.75").Since(before)
	if want := map[string]int64{"evalsha": 60}; !maps.Equal(between.Calls, want) {
		t.Errorf("Since().Calls = %v, want %v", between.Calls, want)
	}
	if want := 250 * time.Millisecond; between.CPU != want {
		t.Errorf("Since().CPU = %v, want %v", between.CPU, want)
	}
	if _, err := parseRedisLoad(map[string]map[string]string{"Commandstats": {"cmdstat_get": "usec=1"}, "CPU": {}}); err == nil {
		t.Error("parseRedisLoad() = nil for a command without calls, want an error")
	}
}

func parseLoad(t *testing.T, evalsha, ping, system string) RedisLoad {
	t.Helper()
	load, err := parseRedisLoad(map[string]map[string]string{
		"Commandstats": {"cmdstat_evalsha": evalsha, "cmdstat_ping": ping, "cmdstat_info": "calls=4,usec=1"},
		"CPU":          {"used_cpu_sys": system, "used_cpu_user": "0.25"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return load
}

func TestReadRedisLoad(t *testing.T) {
	t.Parallel()
	opts, err := redis.ParseURL(os.Getenv("REDIS_URL"))
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(opts)
	defer func() { _ = client.Close() }()
	before, err := ReadRedisLoad(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	after, err := ReadRedisLoad(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	if between := after.Since(before); between.Calls["ping"] < 1 || after.CPU <= 0 {
		t.Errorf("load of a PING = %+v, want at least one call", between)
	}
}

func TestCountOthers(t *testing.T) {
	t.Parallel()
	const list = "id=3 addr=127.0.0.1:5 db=1 cmd=ping\nid=4 addr=127.0.0.1:6 db=10 cmd=ping\nid=5 addr=127.0.0.1:7 db=0 cmd=ping\n"
	if got := countOthers(list, 1); got != 2 {
		t.Errorf("countOthers() = %d, want 2", got)
	}
}
