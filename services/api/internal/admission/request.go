package admission

import (
	"context"
	"sync"
	"time"
)

// memoryWait is how long a request waits for memory before it is refused. Memory is usually returned
// within milliseconds.
const memoryWait = 5 * time.Second

// optionalShare is the share of the memory, in percent, that requests may use for what only makes
// them faster. The rest is for what they can't do without.
const optionalShare = 75

// Request is what one request has taken. The server returns all of it at the end of the request, in
// whatever way that ends. It is safe for concurrent use.
type Request struct {
	gate   *Gate
	client string
	// crowded is the fault for what the request may not occupy, because its connection is one too many.
	crowded error

	mu    sync.Mutex
	taken map[*Pool]int64
}

type requestKey struct{}

// Begin adds a Request of the client to the context. The caller must call End.
func (g *Gate) Begin(ctx context.Context, client string) (context.Context, *Request) {
	r := &Request{gate: g, client: client, crowded: crowded(ctx), taken: make(map[*Pool]int64)}
	return context.WithValue(ctx, requestKey{}, r), r
}

// Of returns the Request that a context belongs to. Without one it returns a Request without limits.
func Of(ctx context.Context) *Request {
	if r, ok := ctx.Value(requestKey{}).(*Request); ok {
		return r
	}
	return &Request{gate: unlimited, taken: make(map[*Pool]int64)}
}

// Crowded reports whether the connection of the request is one too many, and should be closed after
// the answer.
func (r *Request) Crowded() bool { return r.crowded != nil }

// End returns everything that the request has taken.
func (r *Request) End() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for pool, weight := range r.taken {
		pool.give(r.client, weight)
	}
	clear(r.taken)
}

// Upload admits the request as an upload, with the memory that each needs.
func (r *Request) Upload(ctx context.Context) error {
	if err := r.one(r.gate.Uploads); err != nil {
		return err
	}
	return r.Reserve(ctx, uploadBytes)
}

// Download admits the request as a download that holds at most the given memory.
func (r *Request) Download(ctx context.Context, memory int64) error {
	if err := r.one(r.gate.Downloads); err != nil {
		return err
	}
	return r.Reserve(ctx, memory)
}

// Wait admits the request as one that waits for changes.
func (r *Request) Wait(ctx context.Context) error {
	if err := r.one(r.gate.Waits); err != nil {
		return err
	}
	return r.Reserve(ctx, waitBytes)
}

// EndWait returns what Wait took.
func (r *Request) EndWait() {
	r.give(r.gate.Waits, 1)
	r.give(r.gate.Memory, waitBytes)
}

// Receive counts bytes that are stored for an upload that is not complete.
func (r *Request) Receive(bytes int64) error {
	err := r.gate.Receipt.take(r.client, bytes)
	r.note(r.gate.Receipt, bytes, err)
	return err
}

// Reserve takes memory. It waits for it for a few seconds, and then returns a fault of kind Busy.
func (r *Request) Reserve(ctx context.Context, bytes int64) error {
	err := r.gate.Memory.takeWithin(ctx, r.client, bytes, memoryWait)
	r.note(r.gate.Memory, bytes, err)
	return err
}

// TryReserve takes memory that the request can do without, if there is plenty.
func (r *Request) TryReserve(bytes int64) bool {
	ok := r.gate.Memory.tryShare(r.client, bytes, optionalShare)
	if ok {
		r.note(r.gate.Memory, bytes, nil)
	}
	return ok
}

// Short reports whether memory is so short that the request should return what it can do without.
func (r *Request) Short() bool { return r.gate.Memory.exceeds(optionalShare) }

// Free returns memory.
func (r *Request) Free(bytes int64) { r.give(r.gate.Memory, bytes) }

// ReserveDecoder takes the memory of a zstd decoder, which may use a part of the memory only, because
// it is kept to the end of the request.
func (r *Request) ReserveDecoder(ctx context.Context, bytes int64) error {
	err := r.gate.Decoders.takeWithin(ctx, r.client, bytes, memoryWait)
	r.note(r.gate.Decoders, bytes, err)
	if err != nil {
		return err
	}
	return r.Reserve(ctx, bytes)
}

func (r *Request) one(pool *Pool) error {
	if r.crowded != nil {
		return r.crowded
	}
	err := pool.take(r.client, 1)
	r.note(pool, 1, err)
	return err
}

func (r *Request) note(pool *Pool, weight int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.taken[pool] += weight
	}
}

func (r *Request) give(pool *Pool, weight int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	weight = min(weight, r.taken[pool])
	r.taken[pool] -= weight
	pool.give(r.client, weight)
}
