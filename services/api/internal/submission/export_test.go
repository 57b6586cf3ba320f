package submission

// WaitingImports returns how many imports into a collection wait to be queued together, of no client and no tenant.
func (d *SharedDispatcher) WaitingImports(collection string) int {
	return d.whole.Waiting(wholeKey{collection: collection})
}
