package duty

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/metrics"
)

func TestDropAbandonedSkipsLockedUploads(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	locked := f.upload(t)
	f.upload(t)
	f.upload(t)
	f.exec(t, `UPDATE xforce.tasks SET updated_at = now() - interval '1 hour'`)
	touched := f.upload(t)
	f.lock(t, `SELECT FROM xforce.tasks WHERE task_id = $1`, locked)
	d := dropAbandoned{db: f.db, log: f.log, meters: metrics.NewDuties(), untouched: time.Minute, timeout: 2 * time.Second}
	if err := d.pass(t.Context()); err == nil {
		t.Error("pass() = nil, want the error of the locked upload")
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.tasks WHERE task_id = ANY ($1)`, []uuid.UUID{locked, touched}); got != 2 {
		t.Errorf("%d of the locked and the touched upload are left, want both", got)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.tasks`); got != 2 {
		t.Errorf("%d uploads are left, want 2", got)
	}
}
