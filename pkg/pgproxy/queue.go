package pgproxy

import (
	"sync"
	"time"
)

// item is data to forward. Before that, the writer waits for the delay and applies the fault.
type item struct {
	data  []byte
	delay time.Duration
	fault itemFault
}

type itemFault int

const (
	noFault   itemFault = iota
	silence             // the connection falls silent before the data
	reset               // the connection is reset, the data are lost
	closeConn           // this side is closed, because the other side was
)

// queue is an unbounded queue with one consumer.
type queue struct {
	mu    sync.Mutex
	items []item
	added chan struct{} // has one element when there may be items
}

func newQueue() *queue { return &queue{added: make(chan struct{}, 1)} }

func (q *queue) push(i item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items = append(q.items, i)
	select {
	case q.added <- struct{}{}:
	default:
	}
}

// pop waits for the next item. It reports false if done is closed first.
func (q *queue) pop(done <-chan struct{}) (item, bool) {
	for {
		if next, ok := q.take(); ok {
			return next, true
		}
		select {
		case <-q.added:
		case <-done:
			return item{}, false
		}
	}
}

func (q *queue) take() (item, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		return item{}, false
	}
	next := q.items[0]
	q.items = q.items[1:]
	return next, true
}
