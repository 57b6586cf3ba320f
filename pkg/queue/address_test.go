package queue

import (
	"fmt"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/config"
)

// summary returns what an address means.
func (d driver) summary() string {
	switch {
	case d.sentinel != nil:
		o := d.sentinel
		return fmt.Sprintf("sentinel %s %s user %s:%s db %d sentinel user %s:%s tls %t", o.MasterName, o.SentinelAddrs, o.Username, o.Password, o.DB,
			o.SentinelUsername, o.SentinelPassword, o.TLSConfig != nil)
	case d.cluster != nil:
		o := d.cluster
		return fmt.Sprintf("cluster %s user %s:%s tls %t", o.Addrs, o.Username, o.Password, o.TLSConfig != nil)
	default:
		o := d.server
		return fmt.Sprintf("server %s user %s:%s db %d tls %t", o.Addr, o.Username, o.Password, o.DB, o.TLSConfig != nil)
	}
}

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"redis://h":                                     "server h:6379 user : db 0 tls false",
		"redis://:s@h:7000/3":                           "server h:7000 user :s db 3 tls false",
		"redis://ann:s%40%2C%2F@[::1]:7000":             "server [::1]:7000 user ann:s@,/ db 0 tls false",
		"rediss://ann:s@h:7000/3":                       "server h:7000 user ann:s db 3 tls true",
		"redis://h/0?pool_size=7":                       "server h:6379 user : db 0 tls false",
		"unix:///run/redis.sock?db=2":                   "server /run/redis.sock user : db 2 tls false",
		"redis-sentinel://a/main":                       "sentinel main [a:26379] user : db 0 sentinel user : tls false",
		"redis-sentinel://ann:s%2C@a:1,b,c:3/main?db=4": "sentinel main [a:1 b:26379 c:3] user ann:s, db 4 sentinel user : tls false",
		"rediss-sentinel://:s@a:1,[::1]:2/main?sentinel_username=bob&sentinel_password=t%26": "sentinel main [a:1 [::1]:2] user :s db 0 sentinel user bob:t& tls true",
		"redis-cluster://a":                       "cluster [a:6379] user : tls false",
		"redis-cluster://ann:s@a:1,b,[::1]:3/0":   "cluster [a:1 b:6379 [::1]:3] user ann:s tls false",
		"rediss-cluster://a,b:2/?max_redirects=8": "cluster [a:6379 b:2] user : tls true",
	} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			d, err := parseAddress(address)
			if err != nil {
				t.Fatal(err)
			}
			if got := d.summary(); got != want {
				t.Errorf("parseAddress() = %s, want %s", got, want)
			}
		})
	}
}

// TestOpenRejects checks that the error names REDIS_URL and what to write instead, and never quotes
// the password, which is "hush" or a part of the address after it.
func TestOpenRejects(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"h:6379":                             "redis://host:6379/0",
		"http://:hush@h":                     "redis://host:6379/0",
		"redis-sentinels://h/main":           "redis-sentinel://",
		"redis-://h":                         "redis-sentinel://",
		"redis+sentinel://h/main":            "redis-sentinel://",
		"redis://a:6379,b:6379":              "redis-cluster://host1:6379,host2:6379",
		"rediss://:hush@a,b/0":               "redis-sentinel://host1:26379,host2:26379/name-of-the-master",
		"redis://h/hush":                     "database number",
		"redis://h/0/1":                      "URL path",
		"redis://h?no_such_option=1":         "no_such_option",
		"redis://:12/hush@h":                 "percent-encoded",
		"redis://:12?hush@h":                 "percent-encoded",
		"redis://:12#hush@h":                 "percent-encoded",
		"redis://:hu%zzsh@h":                 "percent-encoded",
		"redis://h:port":                     "percent-encoded",
		"redis-sentinel://a:26379":           "name of the master",
		"redis-sentinel://a:26379/":          "name of the master",
		"redis-sentinel://a:26379/main/0":    "name of the master",
		"redis-sentinel://a:26379/main?db=x": "database number",
		"redis-sentinel://a,,b/main":         "empty host",
		"redis-sentinel:///main":             "host:port",
		"redis-sentinel://a:1:2,b/main":      "no URL",
		"redis-sentinel://a,b:x/main":        "host:port",
		"redis-cluster://a,b:hush/":          "host:port",
		"redis-cluster://a,b/1":              "only database 0",
		"redis-cluster://a,b/?db=1":          "unexpected option: db",
		"redis-cluster://":                   "host:port",
	} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			d, err := newDriver(config.Redis{URL: address})
			if err == nil {
				t.Fatalf("newDriver() = %s, want an error that contains %q", d.summary(), want)
			}
			if text := err.Error(); !strings.Contains(text, want) || !strings.Contains(text, "REDIS_URL") {
				t.Errorf("newDriver() = %v, want an error that contains REDIS_URL and %q", err, want)
			}
			if address != "redis://h/hush" && strings.Contains(err.Error(), "hush") {
				t.Errorf("newDriver() = %v, want no password in it", err)
			}
		})
	}
}

func TestUnfit(t *testing.T) {
	t.Parallel()
	server, _ := parseAddress("redis://h")
	cluster, _ := parseAddress("redis-cluster://h")
	for name, tt := range map[string]struct {
		driver        driver
		version, mode string
		want          string
	}{
		"old":              {server, "6.0.16", "standalone", "Redis 6.0.16; 6.2 or newer"},
		"very old":         {server, "5.0.14", "standalone", "6.2 or newer"},
		"oldest supported": {server, "6.2.0", "standalone", ""},
		"newer":            {server, "10.0", "standalone", ""},
		"unknown":          {server, "", "", ""},
		"node":             {server, "7.0.15", "cluster", "redis-cluster://"},
		"sentinel":         {server, "7.0.15", "sentinel", "redis-sentinel://"},
		"cluster":          {cluster, "7.0.15", "cluster", ""},
		"old cluster":      {cluster, "6.0.16", "cluster", "6.2 or newer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.driver.unfit(tt.version, tt.mode); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("unfit() = %q, want %q", got, tt.want)
			}
		})
	}
}
