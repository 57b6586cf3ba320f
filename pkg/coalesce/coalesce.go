// Package coalesce executes calls that wait at the same time together. A call that finds no other in progress is
// executed at once, so coalescing costs no time when there is little to do; the busier a resource is, the more
// calls share one use of it.
package coalesce

import "sync"

// Group executes items. Items with different keys are never executed together. It is safe for concurrent use.
type Group[K comparable, T any] struct {
	// Parallel is how many executions of a key run at the same time, and Most how many items one may have. Both
	// must be greater than 0.
	Parallel, Most int
	// Execute executes items in the order of their calls. It must not panic, and must give the results to the
	// items itself: T is a pointer, as a rule.
	Execute func(key K, items []T)

	mu   sync.Mutex
	keys map[K]*line[T]
}

// line are the items of a key that wait, and how many executions of the key run.
type line[T any] struct {
	waiting []call[T]
	running int
}

// call is an item, and what is closed when it was executed.
type call[T any] struct {
	item T
	done chan struct{}
}

// Do executes the item, perhaps together with others, and returns when that has ended.
func (g *Group[K, T]) Do(key K, item T) {
	c := call[T]{item: item, done: make(chan struct{})}
	if g.join(key, c) {
		go g.run(key)
	}
	<-c.done
}

// join adds a call to the line of its key, and reports whether another execution may begin.
func (g *Group[K, T]) join(key K, c call[T]) (begin bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.keys == nil {
		g.keys = make(map[K]*line[T])
	}
	l := g.keys[key]
	if l == nil {
		l = &line[T]{}
		g.keys[key] = l
	}
	l.waiting = append(l.waiting, c)
	if l.running >= g.Parallel {
		return false
	}
	l.running++
	return true
}

// run executes the waiting items of a key until there are none.
func (g *Group[K, T]) run(key K) {
	for {
		calls := g.take(key)
		if len(calls) == 0 {
			return
		}
		items := make([]T, len(calls))
		for i, c := range calls {
			items[i] = c.item
		}
		g.Execute(key, items)
		for _, c := range calls {
			close(c.done)
		}
	}
}

// take returns the items that are executed next. Without any, the execution ends.
func (g *Group[K, T]) take(key K) []call[T] {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.keys[key]
	if len(l.waiting) == 0 {
		l.running--
		if l.running == 0 {
			delete(g.keys, key)
		}
		return nil
	}
	n := min(len(l.waiting), g.Most)
	calls := l.waiting[:n:n]
	l.waiting = l.waiting[n:]
	return calls
}

// Waiting returns how many items of a key wait for an execution.
func (g *Group[K, T]) Waiting(key K) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if l := g.keys[key]; l != nil {
		return len(l.waiting)
	}
	return 0
}
