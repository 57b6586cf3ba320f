package redisload

import (
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
)

func TestSince(t *testing.T) {
	t.Parallel()
	before := mustParse(t, "calls=100,usec=1", "calls=7,usec=1", "1.5", "0.25")
	after := mustParse(t, "calls=160,usec=2", "calls=7,usec=1", "1.75", "0.5")
	between := after.Since(before)
	if diff := cmp.Diff(Load{Calls: map[string]int64{"evalsha": 60}, CPU: 500 * time.Millisecond}, between); diff != "" {
		t.Errorf("the difference is wrong (-want +got):\n%s", diff)
	}
	if total := after.Total(); total != 167 {
		t.Errorf("%d commands in all, want 167 without INFO", total)
	}
	if diff := cmp.Diff([]string{"evalsha", "ping"}, after.Commands()); diff != "" {
		t.Errorf("the order is wrong (-want +got):\n%s", diff)
	}
}

func mustParse(t *testing.T, evalsha, ping, system, user string) Load {
	t.Helper()
	load, err := parse(map[string]map[string]string{
		"Commandstats": {"cmdstat_evalsha": evalsha, "cmdstat_ping": ping, "cmdstat_info": "calls=4,usec=1"},
		"CPU":          {"used_cpu_sys": system, "used_cpu_user": user},
	})
	if err != nil {
		t.Fatal(err)
	}
	return load
}

func TestParseRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for _, info := range []map[string]map[string]string{
		{"Commandstats": {"cmdstat_get": "usec=1"}, "CPU": {"used_cpu_sys": "1", "used_cpu_user": "1"}},
		{"Commandstats": {}, "CPU": {"used_cpu_sys": "1"}},
	} {
		if load, err := parse(info); err == nil {
			t.Errorf("%v was read as %+v", info, load)
		}
	}
}

func TestReadARealServer(t *testing.T) {
	t.Parallel()
	opts, err := redis.ParseURL(os.Getenv("REDIS_URL"))
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(opts)
	defer func() { _ = client.Close() }()
	before, err := Read(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	after, err := Read(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	if between := after.Since(before); between.Calls["ping"] < 1 || after.CPU <= 0 {
		t.Errorf("a PING left %+v", between)
	}
}

func TestOthers(t *testing.T) {
	t.Parallel()
	const list = "id=3 addr=127.0.0.1:5 db=1 cmd=ping\nid=4 addr=127.0.0.1:6 db=10 cmd=ping\nid=5 addr=127.0.0.1:7 db=0 cmd=ping\n"
	if others := othersIn(list, 1); others != 2 {
		t.Errorf("%d sessions use another database than 1, want 2", others)
	}
}
