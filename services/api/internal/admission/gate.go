package admission

import (
	"context"

	"github.com/longshore-io/longshore/pkg/metrics"
)

// What requests of each kind hold in memory, with the buffers of their connection, in bytes.
// e2e/admission measures that they are enough.
const (
	// uploadBytes is the memory of an upload whose records are small: buffers of the connection, the
	// decoder, the parser and the smallest chunk. What else it holds is reserved when it grows.
	uploadBytes = 384 << 10
	// waitBytes is the memory of an event stream or a long poll.
	waitBytes = 48 << 10
	// cachePercent is the part of the memory for the cache of unpacked chunks.
	cachePercent = 25
	// MinMemory is the smallest memory with which one request of each kind can be served.
	MinMemory = 64 << 20
)

// Limits configures a Gate.
type Limits struct {
	// Memory is what all requests together may hold, in bytes, with the cache of unpacked chunks.
	Memory int64
	// Uploads are requests whose body is being received, Downloads responses with many records or a
	// file, Waits event streams and long polls.
	Uploads, Downloads, Waits Limit
	// Connections are those of clients.
	Connections Limit
	// Receipt is the number of bytes that are stored for uploads that are not complete.
	Receipt Limit
}

// Gate has a pool for each resource.
type Gate struct {
	Memory, Decoders, Uploads, Downloads, Waits, Receipt *Pool
	Connections                                          *Connections
}

// New returns a gate with the limits.
func New(l Limits, m *metrics.Admission) *Gate {
	memory := l.Memory - CacheBytes(l.Memory)
	return &Gate{
		Memory:    newPool("memory", "bytes of memory", Limit{Total: memory}, m),
		Decoders:  newPool("decoders", "bytes of decoders", Limit{Total: memory / 2}, m),
		Uploads:   newPool("uploads", "uploads", l.Uploads, m),
		Downloads: newPool("downloads", "downloads", l.Downloads, m),
		Waits:     newPool("waits", "event streams and long polls", l.Waits, m),
		Receipt:   newPool("receipt", "bytes in receipt", l.Receipt, m),
		Connections: &Connections{
			regular:  newPool("connections", "connections", l.Connections, m),
			Reserved: newPool("reserved_connections", "connections", reserveOf(l.Connections), m),
			refusals: make(chan struct{}, maxRefusals),
		},
	}
}

// reserveOf returns the limit of the connections beyond a limit. It is never 0, which means none.
func reserveOf(l Limit) Limit {
	return Limit{Total: l.Total / reserve, Client: (l.Client + reserve - 1) / reserve}
}

// unlimited is for contexts without a request of the server, such as in tests.
var unlimited = New(Limits{}, metrics.NewAdmission()) //nolint:gochecknoglobals // it has no limits and so no state that matters

// CacheBytes returns the part of the memory for the cache of unpacked chunks.
func CacheBytes(memory int64) int64 { return memory * cachePercent / 100 }

// Hold reserves memory for a part of the request that the context belongs to; release returns it.
func Hold(ctx context.Context, bytes int64) (release func(), err error) {
	r := Of(ctx)
	if err := r.Reserve(ctx, bytes); err != nil {
		return nil, err
	}
	return func() { r.Free(bytes) }, nil
}

// decoderBytes is the size from which memory counts as that of a decoder: see intake.Body.SetHold.
const decoderBytes = 8 << 20

// HoldFunc returns the function for intake.Body.SetHold of the request that the context belongs to.
// What it takes is kept until the end of the request.
func HoldFunc(ctx context.Context) func(bytes int) error {
	r := Of(ctx)
	return func(bytes int) error {
		if bytes >= decoderBytes {
			return r.ReserveDecoder(ctx, int64(bytes))
		}
		return r.Reserve(ctx, int64(bytes))
	}
}
