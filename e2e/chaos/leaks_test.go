package chaos_test

import (
	"fmt"
	"time"

	"github.com/prometheus/procfs"
)

const (
	// leakLimit bounds how long the clean-up may take: LONGSHORE_ABANDONED_AFTER is 40 s.
	leakLimit = 2 * time.Minute
	// maxMemory is the maximum resident memory of a process after all rounds, in bytes.
	maxMemory = 256 << 20
)

// checkLeaks checks what is left after all rounds: no dead uploads with their data, no transaction,
// no request, not more connections than the pools may have, and no memory.
func (c *chaos) checkLeaks() {
	c.t.Helper()
	c.client.begin("after all rounds")
	c.each(c.awaitReady)
	c.awaitZero("dead uploads", leakLimit,
		`SELECT count(*) FROM xforce.tasks WHERE status = 'receiving' AND coalesce(expires_at <= clock_timestamp(), TRUE)`)
	c.awaitZero("parts of finished uploads", leakLimit,
		`SELECT count(*) FROM xforce.upload_pieces JOIN xforce.tasks USING (task_id) WHERE status <> 'receiving'`)
	c.awaitZero("staged chunks without an operation", leakLimit,
		`SELECT count(*) FROM xforce.task_chunks c WHERE NOT EXISTS (SELECT FROM xforce.tasks t WHERE t.task_id = c.task_id)`)
	c.awaitZero("open transactions", leakLimit, `SELECT count(*) `+sessions+` AND state LIKE 'idle in transaction%'`)
	const poolSize = 10 // LONGSHORE_DB_MAX_CONNS
	for _, service := range services {
		c.awaitZero("connections too many of "+service, leakLimit, fmt.Sprintf(
			`SELECT greatest(count(*) - %d, 0) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'longshore-%s'`,
			poolSize*c.s.Count(service), service))
	}
	if requests := c.s.Metrics("api").Value("longshore_http_requests_in_flight"); requests > 0 {
		c.client.violation("the apis have %.0f requests in flight, want 0", requests)
	}
	c.each(c.checkMemory)
}

func (c *chaos) checkMemory(service string, n int) {
	process, err := procfs.NewProc(c.s.Pid(service, n))
	if err != nil {
		c.t.Error(err)
		return
	}
	stat, err := process.Stat()
	if err != nil {
		c.t.Error(err)
		return
	}
	if stat.ResidentMemory() > maxMemory {
		c.client.violation("the %s %d uses %d MiB, want at most %d", service, n, stat.ResidentMemory()>>20, maxMemory>>20)
	}
}
