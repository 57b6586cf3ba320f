package queue

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// changesChannel carries the ids of operations that have changed. Nothing depends on it: who waits looks by himself from time to
// time, and the bell only makes it quick.
const changesChannel = "longshore:changes"

// Notifier tells whoever waits that an operation has changed. It is safe for concurrent use.
type Notifier struct{ redis *Redis }

// NewNotifier makes a bell.
func NewNotifier(r *Redis) *Notifier { return &Notifier{redis: r} }

// Publish tells that the operation has changed. Nobody needs to hear it.
func (b *Notifier) Publish(ctx context.Context, id uuid.UUID) error {
	if err := b.redis.client.Publish(ctx, changesChannel, id.String()).Err(); err != nil {
		return fmt.Errorf("telling of a change: %w", err)
	}
	return nil
}

// Subscribe calls changed for every ring until ctx ends. While Redis is away it hears nothing, and goes on when it is back.
func (b *Notifier) Subscribe(ctx context.Context, changed func(uuid.UUID)) {
	subscription := b.redis.client.Subscribe(ctx, changesChannel)
	defer func() { _ = subscription.Close() }()
	rings := subscription.Channel()
	for {
		select {
		case <-ctx.Done():
			return
		case ring, more := <-rings:
			if !more {
				return
			}
			if id, err := uuid.Parse(ring.Payload); err == nil {
				changed(id)
			}
		}
	}
}
