package admission

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/metrics"
)

const (
	// measureInterval is the least time between two measurements of the schema's size.
	measureInterval = 5 * time.Second
	// measureTimeout bounds a measurement, which usually takes a millisecond.
	measureTimeout = 5 * time.Second
	// reopenPercent is the share of the limit, in percent, below which bodies are accepted again after
	// a refusal, so that the answer does not alternate from one request to the next.
	reopenPercent = 95
	// storageRetryAfter is the Retry-After of a body for which there is no space. The janitor frees
	// space only as operations expire.
	storageRetryAfter = time.Minute
)

// Storage refuses new bodies while the schema xforce is larger than a limit. Everything else, such as
// running work, searches, reports and polls, goes on. It is safe for concurrent use.
type Storage struct {
	limit   int64
	size    func(context.Context) (int64, error)
	log     *slog.Logger
	metrics *metrics.Admission

	mu       sync.Mutex
	measured time.Time
	full     bool
}

// storageResource is the label of the size in metrics.
const storageResource = "storage"

// NewStorage returns a Storage with a limit in bytes; 0 means none. size measures the schema.
func NewStorage(limit int64, size func(context.Context) (int64, error), log *slog.Logger, m *metrics.Admission) *Storage {
	m.SetLimit(storageResource, limit)
	return &Storage{limit: limit, size: size, log: log, metrics: m}
}

// Admit returns a fault of kind StorageFull if the schema is too large for another body. If the size
// can't be measured, the last one counts.
func (s *Storage) Admit(ctx context.Context) error {
	if s.limit <= 0 {
		return nil
	}
	if !s.isFull(ctx) {
		s.metrics.Admitted(storageResource)
		return nil
	}
	s.metrics.Rejected(storageResource, metrics.RejectedStorage)
	return fault.New(fault.StorageFull, "storage-full",
		"The server has no space for further bodies: its storage has reached the configured limit. Nothing was changed; "+
			"what was accepted before goes on. Try again later.").RetryAfter(storageRetryAfter)
}

// isFull measures the size if the last measurement is too old. Concurrent callers wait for it.
func (s *Storage) isFull(ctx context.Context) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.measured) < measureInterval {
		return s.full
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), measureTimeout)
	defer cancel()
	size, err := s.size(ctx)
	s.measured = time.Now()
	if err != nil {
		s.log.WarnContext(ctx, "measuring the schema xforce failed; the last size counts", slog.Any("error", err))
		return s.full
	}
	s.metrics.SetUsed(storageResource, size)
	limit := s.limit
	if s.full {
		limit = s.limit * reopenPercent / 100
	}
	s.full = size >= limit
	return s.full
}
