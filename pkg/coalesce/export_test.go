package coalesce

// Waiting returns how many items of a key wait.
func (g *Group[K, T]) Waiting(key K) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if l := g.keys[key]; l != nil {
		return len(l.waiting)
	}
	return 0
}
