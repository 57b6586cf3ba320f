package duty

import (
	"context"
	"time"

	"github.com/longshore-io/longshore/pkg/store"
)

// DeleteAudit deletes entries of the audit log that are older than age.
func DeleteAudit(db *store.Store, every, age time.Duration) Duty {
	return Duty{Name: "delete-audit", Every: every, Pass: func(ctx context.Context) error {
		return whileFull(func() (int, error) { return db.DeleteAudit(ctx, age, expireBatch) })
	}}
}

// DeleteLedger deletes the keys of chunks before which no other can come any more.
func DeleteLedger(db *store.Store, every time.Duration) Duty {
	return Duty{Name: "delete-ledger", Every: every, Pass: func(ctx context.Context) error {
		return whileFull(func() (int, error) { return db.DeleteLedger(ctx, expireBatch) })
	}}
}

// DeleteUsage deletes what was counted for limits more than age ago.
func DeleteUsage(db *store.Store, every, age time.Duration) Duty {
	return Duty{Name: "delete-usage", Every: every, Pass: func(ctx context.Context) error {
		return whileFull(func() (int, error) { return db.DeleteUsage(ctx, age, expireBatch) })
	}}
}
