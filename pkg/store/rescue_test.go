package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// stalledCopy begins a COPY and never feeds it, as a frozen process does. It returns the session's process id and a channel that
// tells when the session has ended.
func stalledCopy(t *testing.T, url, application string) (pid uint32, ended <-chan error) {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["application_name"] = application
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	frozen := make(chan struct{})
	t.Cleanup(func() { close(frozen) })
	go func() {
		_, err := conn.PgConn().CopyFrom(context.Background(), stuck(frozen), "COPY xforce.tools FROM STDIN")
		result <- err
	}()
	return conn.PgConn().PID(), result
}

// stuck is a reader that gives nothing until its channel is closed.
type stuck chan struct{}

func (s stuck) Read([]byte) (int, error) {
	<-s
	return 0, context.Canceled
}

func TestOnlyStalledImportersAreEnded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	elsewhere := storetest.NewDatabase(t)
	victim, _ := stalledCopy(t, f.url, store.ImporterSessions)
	others := map[string]uint32{"another application": 0, "another database": 0}
	others["another application"], _ = stalledCopy(t, f.url, "somebody")
	others["another database"], _ = stalledCopy(t, elsewhere, store.ImporterSessions)
	f.await(t, `SELECT count(*) = 3 FROM pg_stat_activity WHERE wait_event = 'ClientRead' AND state = 'active' AND pid = ANY ($1)`,
		[]uint32{victim, others["another application"], others["another database"]})

	if ended, err := f.store.EndStalledSessions(t.Context(), time.Hour); err != nil || len(ended) != 0 {
		t.Errorf("within the bound: %v, %v", ended, err)
	}
	ended, err := f.store.EndStalledSessions(t.Context(), 0)
	if err != nil || len(ended) != 1 || uint32(ended[0]) != victim {
		t.Errorf("ended %v, %v; want %d", ended, err, victim)
	}
	f.await(t, `SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $1`, victim)
	for who, pid := range others {
		if f.count(t, `SELECT count(*) FROM pg_stat_activity WHERE pid = $1`, pid) != 1 {
			t.Errorf("the session of %s was ended too", who)
		}
	}
}

// await asks until the query says true.
func (f fixture) await(t *testing.T, query string, args ...any) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		var yes bool
		if err := f.sql.QueryRow(t.Context(), query, args...).Scan(&yes); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if yes {
			return
		}
	}
	t.Fatalf("still not: %s", query)
}
