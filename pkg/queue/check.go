package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// UnusableError is returned for a Redis that answers and can't be used, now or later.
type UnusableError struct {
	// Reason says what is wrong and what to do. It contains no password.
	Reason string
}

// Error returns the reason.
func (e *UnusableError) Error() string { return "REDIS_URL is not usable: " + e.Reason }

// serverSection is the driver's name for the server section of Redis' INFO.
const serverSection = "Server"

// Check checks that Redis answers, that it is of a supported version, and that the address has the
// form that fits it. It returns an *UnusableError if waiting does not help, and another error if
// Redis does not answer.
func (r *Redis) Check(ctx context.Context) error {
	err := r.eachMaster(ctx, r.checkServer)
	if err == nil {
		r.usable.Store(true)
		return nil
	}
	if reason := r.driver.misfit(err); reason != "" {
		return &UnusableError{reason}
	}
	return err
}

func (r *Redis) checkServer(ctx context.Context, server *redis.Client) error {
	info, err := server.InfoMap(ctx, strings.ToLower(serverSection)).Result()
	var answer redis.Error
	switch {
	case errors.As(err, &answer) && !isUnavailable(answer):
		return server.Ping(ctx).Err() // it answers, but does not report its version
	case err != nil:
		return err
	}
	section := info[serverSection]
	if reason := r.driver.unfit(section["redis_version"], section["redis_mode"]); reason != "" {
		return &UnusableError{reason}
	}
	return nil
}

// isUnavailable reports whether Redis answers that it does not serve at present, or not this user.
func isUnavailable(answer redis.Error) bool {
	for _, code := range []string{"LOADING", "NOAUTH", "WRONGPASS", "MASTERDOWN", "CLUSTERDOWN"} {
		if strings.HasPrefix(answer.Error(), code) {
			return true
		}
	}
	return false
}

// unfit returns what is wrong with a server of a version and mode of Redis' INFO; empty if nothing
// is, or if the version is unknown.
func (d driver) unfit(version, mode string) string {
	var major, minor int
	if n, _ := fmt.Sscanf(version, "%d.%d", &major, &minor); n == 2 && (major < 6 || major == 6 && minor < 2) {
		return fmt.Sprintf("it leads to Redis %s; 6.2 or newer is required", version)
	}
	switch {
	case mode == "cluster" && d.cluster == nil:
		return "it leads to a node of a Redis Cluster: use redis-cluster://host1:6379,host2:6379"
	case mode == "sentinel":
		return "it leads to a Sentinel: use redis-sentinel://host1:26379,host2:26379/name-of-the-master"
	default:
		return ""
	}
}

// misfit returns what is wrong with the address if an error of the driver shows that it has not the
// form that fits the servers; empty otherwise.
func (d driver) misfit(err error) string {
	text := err.Error()
	switch {
	case d.cluster != nil && strings.Contains(text, "cluster support disabled"):
		return "it leads to a Redis that is no cluster: use redis://host:6379/0"
	case d.sentinel != nil && strings.Contains(strings.ToLower(text), "unknown command"):
		return "it leads to a Redis that is no Sentinel: use redis://host:6379/0, or the addresses of the Sentinels"
	case d.sentinel != nil && strings.Contains(text, redis.Nil.Error()):
		return fmt.Sprintf("the Sentinels know no master of the name %q", d.sentinel.MasterName)
	default:
		return ""
	}
}
