package queue

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// changesChannel carries the ids of changed operations. It only shortens the delay: subscribers
// also poll Postgres, so a lost notification does no harm. Channels are shared by all databases of a
// Redis, so only the prefix separates installations.
const changesChannel = "longshore:changes"

// Notifier publishes and receives notifications of changed operations. It is safe for concurrent
// use.
type Notifier struct{ redis *Redis }

// NewNotifier returns a notifier.
func NewNotifier(r *Redis) *Notifier { return &Notifier{redis: r} }

// Publish notifies all subscribers that operations have changed.
func (n *Notifier) Publish(ctx context.Context, ids ...uuid.UUID) error {
	_, err := n.redis.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, id := range ids {
			p.Publish(ctx, n.redis.nameOf(changesChannel), id.String())
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("publishing a change: %w", err)
	}
	return nil
}

// Subscribe calls changed for every notification until ctx ends. Notifications sent while Redis is
// unreachable are lost; it resubscribes when Redis is back.
func (n *Notifier) Subscribe(ctx context.Context, changed func(uuid.UUID)) {
	subscribe(ctx, n.redis, func(message string) {
		if id, err := uuid.Parse(message); err == nil {
			changed(id)
		}
	})
}

// subscribe calls receive for every message on the channel of changes until ctx ends.
func subscribe(ctx context.Context, r *Redis, receive func(message string)) {
	subscription := r.client.Subscribe(ctx, r.nameOf(changesChannel))
	defer func() { _ = subscription.Close() }()
	messages := subscription.Channel()
	for {
		select {
		case <-ctx.Done():
			return
		case message, open := <-messages:
			if !open {
				return
			}
			receive(message.Payload)
		}
	}
}
