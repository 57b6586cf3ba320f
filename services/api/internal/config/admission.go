package config

import (
	"errors"
	"fmt"
	"math"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/admission"
)

// Admission configures what the requests of clients may occupy. Beyond a limit for each client a
// request is answered with 429, beyond one for all clients with 503, and beyond that of the storage
// with 507. A client is an IPv4 address, or a /64 network of IPv6 addresses; all clients behind one
// proxy are a single client.
type Admission struct {
	// RequestMemory is the memory that all requests together may hold, in bytes. Requests wait for
	// memory up to 5 s and are then answered with 503. 0 uses three fifths of the memory limit of the
	// process: GOMEMLIMIT, or nine tenths of the memory of its container, or of the machine. At least
	// 67108864, and 16 times LONGSHORE_CHUNK_BYTES and LONGSHORE_MAX_RECORD_BYTES together.
	RequestMemory int64 `env:"LONGSHORE_REQUEST_MEMORY" envDefault:"0"`
	// MaxConnections is the maximum number of connections of clients. A quarter more are open for
	// requests that occupy nothing, such as polls, cancels and deletes. 0 means no limit.
	MaxConnections int `env:"LONGSHORE_MAX_CONNECTIONS" envDefault:"5000"`
	// MaxClientConnections is the maximum number of connections of one client. 0 means no limit.
	MaxClientConnections int `env:"LONGSHORE_MAX_CLIENT_CONNECTIONS" envDefault:"4500"`
	// MaxUploads is the maximum number of imports and parts that are received at the same time. 0
	// means no limit.
	MaxUploads int `env:"LONGSHORE_MAX_UPLOADS" envDefault:"600"`
	// MaxClientUploads is LONGSHORE_MAX_UPLOADS for one client. 0 means no limit.
	MaxClientUploads int `env:"LONGSHORE_MAX_CLIENT_UPLOADS" envDefault:"500"`
	// MaxDownloads is the maximum number of lists, records, results and files that are sent at the
	// same time. 0 means no limit.
	MaxDownloads int `env:"LONGSHORE_MAX_DOWNLOADS" envDefault:"600"`
	// MaxClientDownloads is LONGSHORE_MAX_DOWNLOADS for one client. 0 means no limit.
	MaxClientDownloads int `env:"LONGSHORE_MAX_CLIENT_DOWNLOADS" envDefault:"500"`
	// MaxWaits is the maximum number of event streams and of requests with Prefer: wait at the same
	// time. Beyond it such a request is answered without a wait. 0 means no limit.
	MaxWaits int `env:"LONGSHORE_MAX_WAITS" envDefault:"4000"`
	// MaxClientWaits is LONGSHORE_MAX_WAITS for one client. 0 means no limit.
	MaxClientWaits int `env:"LONGSHORE_MAX_CLIENT_WAITS" envDefault:"3500"`
	// MaxReceiptBytes is the maximum number of bytes that this process has stored for imports and
	// parts that it is still receiving. 0 means no limit.
	MaxReceiptBytes int64 `env:"LONGSHORE_MAX_RECEIPT_BYTES" envDefault:"137438953472"`
	// MaxClientReceiptBytes is LONGSHORE_MAX_RECEIPT_BYTES for one client. 0 means no limit.
	MaxClientReceiptBytes int64 `env:"LONGSHORE_MAX_CLIENT_RECEIPT_BYTES" envDefault:"68719476736"`
	// MaxXforceBytes is the size of the schema xforce, in bytes, from which new bodies are answered
	// with 507, until it is 5 % smaller. Running work, searches, reports and polls go on. Space of
	// large values that Postgres can reuse does not count. It is measured every 5 s. 0 means no limit.
	MaxXforceBytes int64 `env:"LONGSHORE_MAX_XFORCE_BYTES" envDefault:"0"`
	// MaxReads is the maximum number of connections to Postgres for expensive reads: lists, records,
	// results and files. Others wait up to 10 s and are then answered with 503. 0 uses a quarter of
	// LONGSHORE_DB_MAX_CONNS, and at least 1.
	MaxReads int `env:"LONGSHORE_MAX_READS" envDefault:"0"`
	// MaxWrites is the maximum number of connections to Postgres for the bodies of imports and parts,
	// with the same wait. 0 uses half of LONGSHORE_DB_MAX_CONNS, and at least 1.
	MaxWrites int `env:"LONGSHORE_MAX_WRITES" envDefault:"0"`
}

// The default memory of requests is 3/5 of the memory limit: the rest is for idle connections, the
// connections to Postgres and what the garbage collector has not collected yet.
const (
	memoryShareOf, memoryShare = 5, 3
	// limitRatio is the part of a container's memory that becomes the memory limit of the process.
	limitRatio = 0.9
	// chunksInMemory is how many full chunks the memory of requests must have room for, so that a
	// chunk can be packed and another one be read.
	chunksInMemory = 16
)

// Check returns all invalid settings in one error.
func (a Admission) Check() error {
	var errs []error
	for variable, value := range map[string]int64{
		"LONGSHORE_MAX_CONNECTIONS": int64(a.MaxConnections), "LONGSHORE_MAX_CLIENT_CONNECTIONS": int64(a.MaxClientConnections),
		"LONGSHORE_MAX_UPLOADS": int64(a.MaxUploads), "LONGSHORE_MAX_CLIENT_UPLOADS": int64(a.MaxClientUploads),
		"LONGSHORE_MAX_DOWNLOADS": int64(a.MaxDownloads), "LONGSHORE_MAX_CLIENT_DOWNLOADS": int64(a.MaxClientDownloads),
		"LONGSHORE_MAX_WAITS": int64(a.MaxWaits), "LONGSHORE_MAX_CLIENT_WAITS": int64(a.MaxClientWaits),
		"LONGSHORE_MAX_RECEIPT_BYTES": a.MaxReceiptBytes, "LONGSHORE_MAX_CLIENT_RECEIPT_BYTES": a.MaxClientReceiptBytes,
		"LONGSHORE_MAX_XFORCE_BYTES": a.MaxXforceBytes, "LONGSHORE_MAX_READS": int64(a.MaxReads), "LONGSHORE_MAX_WRITES": int64(a.MaxWrites),
	} {
		if value < 0 {
			errs = append(errs, fmt.Errorf("%s must not be negative", variable))
		}
	}
	if a.RequestMemory != 0 && a.RequestMemory < admission.MinMemory {
		errs = append(errs, fmt.Errorf("LONGSHORE_REQUEST_MEMORY must be 0 or at least %d", admission.MinMemory))
	}
	return errors.Join(errs...)
}

// checkMemory checks that the memory of requests has room for the chunks.
func (c Config) checkMemory() error {
	if need := int64(c.ChunkBytes+c.MaxRecordBytes) * chunksInMemory; c.Admission.RequestMemory != 0 && c.Admission.RequestMemory < need {
		return fmt.Errorf("LONGSHORE_REQUEST_MEMORY must be at least %d, %d times LONGSHORE_CHUNK_BYTES and LONGSHORE_MAX_RECORD_BYTES together",
			need, chunksInMemory)
	}
	return nil
}

// Limits returns the limits of package admission. It sets the memory limit of the process from that
// of its container or of the machine, unless GOMEMLIMIT is set.
func (c Config) Limits() (admission.Limits, error) {
	a := c.Admission
	memory := a.RequestMemory
	if memory == 0 {
		limit, err := memoryLimit()
		if err != nil {
			return admission.Limits{}, err
		}
		memory = max(limit/memoryShareOf*memoryShare, int64(c.ChunkBytes+c.MaxRecordBytes)*chunksInMemory, admission.MinMemory)
	}
	pair := func(total, client int) admission.Limit {
		return admission.Limit{Total: int64(total), Client: int64(client)}
	}
	return admission.Limits{
		Memory:      memory,
		Connections: pair(a.MaxConnections, a.MaxClientConnections),
		Uploads:     pair(a.MaxUploads, a.MaxClientUploads),
		Downloads:   pair(a.MaxDownloads, a.MaxClientDownloads),
		Waits:       pair(a.MaxWaits, a.MaxClientWaits),
		Receipt:     admission.Limit{Total: a.MaxReceiptBytes, Client: a.MaxClientReceiptBytes},
	}, nil
}

func memoryLimit() (int64, error) {
	provider := memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)
	if _, err := memlimit.Set(memlimit.WithRatio(limitRatio), memlimit.WithProvider(provider)); err != nil {
		return 0, fmt.Errorf("reading the memory limit of the process; set GOMEMLIMIT or LONGSHORE_REQUEST_MEMORY: %w", err)
	}
	const noChange = -1
	limit := debug.SetMemoryLimit(noChange)
	if limit == math.MaxInt64 {
		return 0, errors.New("the process has no memory limit: set GOMEMLIMIT or LONGSHORE_REQUEST_MEMORY")
	}
	return limit, nil
}

// ClientLimits returns the limits of the store. m counts what they refuse.
func (c Config) ClientLimits(l admission.Limits, m *metrics.Admission) store.ClientLimits {
	limits := store.ClientLimits{
		Reads: c.Admission.MaxReads, Writes: c.Admission.MaxWrites, CacheBytes: admission.CacheBytes(l.Memory), Hold: admission.Hold,
		Refused: func(resource string) { m.Rejected(resource, metrics.RejectedServer) },
	}
	if limits.Reads == 0 {
		limits.Reads = max(1, c.Postgres.MaxConns/4) //nolint:mnd // as documented
	}
	if limits.Writes == 0 {
		limits.Writes = max(1, c.Postgres.MaxConns/2) //nolint:mnd // as documented
	}
	m.SetLimit(store.TurnsOfReads, int64(limits.Reads))
	m.SetLimit(store.TurnsOfWrites, int64(limits.Writes))
	return limits
}

var _ config.Checker = Admission{}
