package retryafter

import (
	"slices"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// queue is what the workers of one kind of operation have to do, in chunks.
type queue struct {
	// numbers are those of its operations, ascending; before says how much all that stand before each may have queued.
	numbers []int64
	before  []int
	// queued and remaining are of all operations together.
	queued, remaining int
	// speed is that of all that run, in chunks per second.
	speed float64
}

// arrange sorts loads, which come in the order of acceptance, into the queues of their kinds.
func arrange(loads []store.QueueLoad) map[operation.Kind]queue {
	all := make(map[operation.Kind]queue)
	for _, load := range loads {
		q := all[load.Kind]
		q.numbers = append(q.numbers, load.Number)
		q.before = append(q.before, q.queued)
		q.queued += load.Queued
		q.remaining += load.Remaining
		q.speed += load.Speed
		all[load.Kind] = q
	}
	return all
}

// measured reports whether anything runs in the queue, by which the waiting can be judged.
func (q queue) measured() bool { return q.speed > 0 }

// untilStart is when the operation's first chunk is done: all that is queued before it, and itself.
func (q queue) untilStart(op *operation.Operation) time.Duration {
	ahead, _ := q.ahead(op)
	return q.take(float64(ahead + 1))
}

// untilEnd is when its last chunk is done. The queue goes round: first what is queued before it and its own first chunks, then one chunk of
// every lane after the other, but never more than there is in all.
func (q queue) untilEnd(op *operation.Operation) time.Duration {
	ahead, counted := q.ahead(op)
	left := max(op.Chunks-op.DoneChunks, 1)
	own := min(max(op.Lanes, 1), left)
	round, all := q.queued, q.remaining
	if !counted { // accepted after the look at the queue
		round, all = round+own, all+left
	}
	rounds := float64(left)/float64(own) - 1
	return q.take(min(float64(ahead+own)+rounds*float64(round), float64(max(all, left))))
}

// ahead is how much may be queued before the operation, and whether the queue knows it.
func (q queue) ahead(op *operation.Operation) (chunks int, counted bool) {
	place, counted := slices.BinarySearch(q.numbers, op.Number)
	if place == len(q.before) {
		return q.queued, counted
	}
	return q.before[place], counted
}

func (q queue) take(chunks float64) time.Duration { return toDuration(chunks / q.speed) }

// toDuration bounds what does not fit, and what nobody waits for: a hundred years.
func toDuration(seconds float64) time.Duration {
	const longest = 100 * 365 * 24 * time.Hour
	return time.Duration(min(seconds, longest.Seconds()) * float64(time.Second))
}
