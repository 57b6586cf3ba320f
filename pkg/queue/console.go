package queue

import (
	"context"
	"slices"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/longshore-io/longshore/pkg/job"
)

// ForConsole returns connection options for asynq's web UI, which creates and closes its own
// clients. These list no queues of other installations.
func (r *Redis) ForConsole() asynq.RedisConnOpt { return consoleConn{r} }

// consoleConn implements asynq.RedisConnOpt.
type consoleConn struct{ redis *Redis }

// MakeRedisClient returns a new client. The caller closes it.
func (c consoleConn) MakeRedisClient() any {
	client := c.redis.driver.newClient()
	client.AddHook(ownQueues(c))
	return client
}

// Owns reports whether a queue, named as Redis knows it, belongs to this installation.
func (r *Redis) Owns(queueName string) bool {
	return slices.ContainsFunc(job.Queues(), func(own string) bool { return r.nameOf(own) == queueName })
}

// allQueues is the key of asynq's set of the names of all queues. asynq can't prefix it, so
// installations that share a Redis share the set.
const allQueues = "asynq:queues"

// ownQueues is a hook of the driver that removes queues of other installations from answers with
// the members of allQueues.
type ownQueues struct{ redis *Redis }

// DialHook changes nothing.
func (ownQueues) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessPipelineHook changes nothing: asynq reads allQueues outside of pipelines.
func (ownQueues) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// ProcessHook removes the other queues.
func (o ownQueues) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, command redis.Cmder) error {
		err := next(ctx, command)
		args := command.Args()
		if members, ok := command.(*redis.StringSliceCmd); ok && len(args) == 2 && args[0] == "smembers" && args[1] == allQueues {
			members.SetVal(slices.DeleteFunc(members.Val(), func(name string) bool { return !o.redis.Owns(name) }))
		}
		return err
	}
}
