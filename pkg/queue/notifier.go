package queue

import (
	"context"
	"fmt"

	"github.com/google/uuid"
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

// Publish notifies all subscribers that an operation has changed.
func (n *Notifier) Publish(ctx context.Context, id uuid.UUID) error {
	if err := n.redis.client.Publish(ctx, n.redis.nameOf(changesChannel), id.String()).Err(); err != nil {
		return fmt.Errorf("publishing a change: %w", err)
	}
	return nil
}

// Subscribe calls changed for every notification until ctx ends. Notifications sent while Redis is
// unreachable are lost; it resubscribes when Redis is back.
func (n *Notifier) Subscribe(ctx context.Context, changed func(uuid.UUID)) {
	subscription := n.redis.client.Subscribe(ctx, n.redis.nameOf(changesChannel))
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
			if id, err := uuid.Parse(message.Payload); err == nil {
				changed(id)
			}
		}
	}
}
