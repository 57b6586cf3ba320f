// Package redisload reads what a Redis server has done (https://redis.io/docs/latest/commands/info/).
package redisload

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// own is the command that this package asks with, which is not counted.
const own = "info"

// Load is what a server has done since it started, or between two readings.
type Load struct {
	// Calls counts each command, those called by scripts included.
	Calls map[string]int64
	// CPU is the processor time of the server.
	CPU time.Duration
}

// Read asks the server.
func Read(ctx context.Context, client *redis.Client) (Load, error) {
	info, err := client.InfoMap(ctx, "commandstats", "cpu").Result()
	if err != nil {
		return Load{}, fmt.Errorf("asking Redis for its load: %w", err)
	}
	return parse(info)
}

func parse(info map[string]map[string]string) (Load, error) {
	load := Load{Calls: map[string]int64{}}
	for name, figures := range info["Commandstats"] {
		command := strings.TrimPrefix(name, "cmdstat_")
		calls, err := callsIn(figures)
		if err != nil {
			return Load{}, fmt.Errorf("reading %s: %w", name, err)
		}
		if command != own {
			load.Calls[command] = calls
		}
	}
	for _, name := range []string{"used_cpu_sys", "used_cpu_user"} {
		seconds, err := strconv.ParseFloat(info["CPU"][name], 64)
		if err != nil {
			return Load{}, fmt.Errorf("reading %s: %w", name, err)
		}
		load.CPU += time.Duration(seconds * float64(time.Second))
	}
	return load, nil
}

// callsIn reads the first figure of "calls=12,usec=345,…".
func callsIn(figures string) (int64, error) {
	first, _, _ := strings.Cut(figures, ",")
	number, found := strings.CutPrefix(first, "calls=")
	if !found {
		return 0, fmt.Errorf("%q does not begin with the calls", figures)
	}
	return strconv.ParseInt(number, 10, 64)
}

// Since is what was done between an earlier reading and this one.
func (l Load) Since(earlier Load) Load {
	between := Load{Calls: map[string]int64{}, CPU: l.CPU - earlier.CPU}
	for command, calls := range l.Calls {
		if more := calls - earlier.Calls[command]; more > 0 {
			between.Calls[command] = more
		}
	}
	return between
}

// Total is the number of all commands.
func (l Load) Total() (total int64) {
	for _, calls := range l.Calls {
		total += calls
	}
	return total
}

// Commands lists the commands, the most frequent first.
func (l Load) Commands() []string {
	names := make([]string, 0, len(l.Calls))
	for name := range l.Calls {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if l.Calls[a] != l.Calls[b] {
			return int(l.Calls[b] - l.Calls[a])
		}
		return strings.Compare(a, b)
	})
	return names
}

// Others counts the sessions of the server that use another database than the client: what they do is in its load, too.
func Others(ctx context.Context, client *redis.Client) (int, error) {
	list, err := client.ClientList(ctx).Result()
	if err != nil {
		return 0, fmt.Errorf("asking Redis for its sessions: %w", err)
	}
	return othersIn(list, client.Options().DB), nil
}

// othersIn reads lines such as "id=3 addr=127.0.0.1:51212 … db=0 …".
func othersIn(list string, database int) (others int) {
	ours := "db=" + strconv.Itoa(database)
	for line := range strings.Lines(list) {
		if fields := strings.Fields(line); len(fields) > 0 && !slices.Contains(fields, ours) {
			others++
		}
	}
	return others
}
