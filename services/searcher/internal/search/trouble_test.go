package search_test

import (
	"errors"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
)

func TestWhatPostgresRefusesEndsTheSearch(t *testing.T) {
	t.Parallel()
	b := setup(t, plenty, store.Options{})
	for _, request := range []string{`{"filter":{"day":"2026-02-30"},"limit":1}`, `{"sort":["nothing"],"limit":1}`} {
		op := b.accept(t, "pairs", request)
		if _, parked := errors.AsType[*queue.ArchiveError](b.step(t, op)); !parked {
			t.Errorf("%s: its entry is not put aside", request)
		}
		if end := b.read(t, op); end.State != operation.Failed || end.Failure.Code != "InvalidQuery" {
			t.Errorf("%s: %s, %+v", request, end.State, end.Failure)
		}
	}
}

func TestAnUnknownCollectionIsLeftToOthers(t *testing.T) {
	t.Parallel()
	b := setup(t, plenty, store.Options{})
	op := b.accept(t, "elsewhere", `{"limit":1}`)
	err := b.step(t, op)
	if now := b.read(t, op); err == nil || now.State != operation.Running {
		t.Errorf("%s, %v", now.State, err)
	}
}

// sleepy makes a view in place of the table, in which looking at the rows behind a key takes a minute.
func (b bench) sleepy(t *testing.T, behind string) {
	t.Helper()
	b.exec(t, `ALTER TABLE pairs RENAME TO awake;
CREATE FUNCTION drag(k TEXT, v INT) RETURNS INT STABLE LANGUAGE plpgsql AS $$
  BEGIN IF k > '`+behind+`' THEN PERFORM pg_sleep(60); END IF; RETURN v; END $$;
CREATE VIEW pairs AS SELECT k, drag(k, v) AS v, day FROM awake`)
}

func TestAStepThatTookTooLongLooksAtFewerRows(t *testing.T) {
	t.Parallel()
	b := setup(t, plenty, store.Options{Statement: 700 * time.Millisecond})
	b.sleepy(t, "000400")
	op := b.accept(t, "pairs", `{"filter":{"v":{"gte":0}},"limit":100000}`)
	for range 2 { // 5,000 rows, 1,250 rows
		if err := b.step(t, op); err == nil {
			t.Fatal("the step met no row that takes long")
		}
	}
	if err := b.step(t, op); err != nil {
		t.Errorf("the third attempt: %v", err)
	}
	if now, n := b.read(t, op), len(b.found(t, op)); now.State != operation.Running || n != 312 {
		t.Errorf("%s, %d found", now.State, n)
	}
}

func TestACancelledSearchStopsInTheMiddleOfAStatement(t *testing.T) {
	t.Parallel()
	b := setup(t, plenty, store.Options{})
	b.sleepy(t, "")
	op := b.accept(t, "pairs", `{"filter":{"v":7},"limit":1}`)
	stepped := make(chan error, 1)
	go func() { stepped <- b.step(t, op) }()
	b.await(t, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')`)
	began := time.Now()
	if done, err := b.db.Cancel(t.Context(), op.ID); err != nil || !done {
		t.Fatalf("cancelling: %v, %v", done, err)
	}
	if err := <-stepped; err != nil {
		t.Errorf("the step: %v", err)
	}
	b.await(t, `SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')`)
	if took := time.Since(began); took > time.Second {
		t.Errorf("it stood still after %s", took)
	}
}
