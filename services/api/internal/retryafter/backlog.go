package retryafter

import (
	"slices"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// backlog is the unfinished work of all operations of one kind, in chunks.
type backlog struct {
	// numbers are the operations' numbers, ascending. before[i] is how many chunks may be queued by
	// the operations before numbers[i].
	numbers []int64
	before  []int
	// queued and remaining are the totals of all operations.
	queued, remaining int
	// speed is the total of all running operations, in chunks per second.
	speed float64
}

// backlogsByKind groups loads, which are in the order of acceptance.
func backlogsByKind(loads []store.QueueLoad) map[operation.Kind]backlog {
	all := make(map[operation.Kind]backlog)
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

// measured reports whether any operation of the queue runs, so that its speed is known.
func (q backlog) measured() bool { return q.speed > 0 }

// untilStart is the time until the operation's first chunk is done: all that is queued before it,
// and the chunk itself.
func (q backlog) untilStart(op *operation.Operation) time.Duration {
	ahead, _ := q.ahead(op)
	return q.durationOf(float64(ahead + 1))
}

// untilEnd is the time until the operation's last chunk is done. The queue is processed round-robin:
// first what is queued before the operation and its own first chunks, then one chunk of every lane
// in each round, but never more than all remaining chunks.
func (q backlog) untilEnd(op *operation.Operation) time.Duration {
	ahead, included := q.ahead(op)
	left := max(op.Chunks-op.DoneChunks, 1)
	own := min(max(op.Lanes, 1), left)
	perRound, total := q.queued, q.remaining
	if !included { // the operation was accepted after the backlog was read
		perRound, total = perRound+own, total+left
	}
	rounds := float64(left)/float64(own) - 1
	return q.durationOf(min(float64(ahead+own)+rounds*float64(perRound), float64(max(total, left))))
}

// ahead returns how many chunks may be queued before the operation, and whether the queue includes
// the operation.
func (q backlog) ahead(op *operation.Operation) (chunks int, included bool) {
	i, included := slices.BinarySearch(q.numbers, op.Number)
	if i == len(q.before) {
		return q.queued, included
	}
	return q.before[i], included
}

func (q backlog) durationOf(chunks float64) time.Duration { return toDuration(chunks / q.speed) }

// toDuration converts seconds, limited to a hundred years to avoid an overflow.
func toDuration(seconds float64) time.Duration {
	const limit = 100 * 365 * 24 * time.Hour
	return time.Duration(min(seconds, limit.Seconds()) * float64(time.Second))
}
