package crash_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

const (
	maxAttempts  = 2
	chunkRecords = 100
	// waitLimit is the maximum time until an import ends that is hit by several crashes.
	waitLimit = 2 * time.Minute
)

// poison creates a trigger that runs a command for the record with the id POISON, as the account of
// Postgres, and makes records of the category "slow" slow. %s is an expression of SQL for the command.
const poison = `
CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF NEW.tool_id = 'POISON' THEN
    PERFORM pg_sleep(0.3); -- until the neighbours are in the middle of their steps
    EXECUTE format('COPY (SELECT 1) TO PROGRAM %%L', %s);
    PERFORM pg_sleep(60); -- until the signal arrives
  ELSIF NEW.category = 'slow' THEN
    PERFORM pg_sleep(0.02);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER poison BEFORE INSERT ON xforce.tools FOR EACH ROW EXECUTE FUNCTION poison()`

// TestRecordThatCrashesPostgres imports a record that crashes Postgres, beside an import whose chunks
// are in the middle of their steps at every crash. The first is given up after its attempts, the second
// succeeds. In the second case the whole server is killed, as if its container had no memory left: then
// no session receives a reason.
func TestRecordThatCrashesPostgres(t *testing.T) {
	for name, tt := range map[string]struct {
		command string
		// restart means that the test starts the server again, because the postmaster is killed too.
		restart bool
		crash   string
	}{
		"one process":      {`'kill -9 ' || pg_backend_pid()`, false, "was terminated by signal 9"},
		"the whole server": {`'kill -9 ' || split_part(pg_read_file('postmaster.pid'), E'\n', 1)`, true, "was not properly shut down"},
	} {
		t.Run(name, func(t *testing.T) {
			s := stack.Start(t, stack.Options{
				Tables: fmt.Sprintf(poison, tt.command),
				Env:    []string{fmt.Sprintf("LONGSHORE_MAX_ATTEMPTS=%d", maxAttempts), fmt.Sprintf("LONGSHORE_CHUNK_RECORDS=%d", chunkRecords), "LONGSHORE_IMPORTER_CONCURRENCY=4"},
			})
			if tt.restart {
				restartWhenKilled(t)
			}
			before := serverLog.count(tt.crash)
			neighbour := s.SubmitLines(tool.NDJSON(1200, func(n int) tool.Tool {
				record := tool.Numbered(n)
				record.Category = "slow"
				return record
			}))
			// As a rule the operation runs before the chunk with the record is attempted.
			guilty := s.SubmitLines(tool.NDJSON(chunkRecords+1, func(n int) tool.Tool {
				record := tool.Numbered(10_000 + n) // not among those of the neighbour
				if n == chunkRecords {
					record.ID = "POISON"
				}
				return record
			}))

			m := follow(t, s, guilty)
			if m.Status != "Failed" || m.Error == nil || m.Error.Code != "ChunkAbandoned" || !strings.Contains(m.Error.Message, "the database server crashed") {
				t.Errorf("the record that crashes Postgres: %s, %+v, want Failed, ChunkAbandoned that names the crash", m.Status, m.Error)
			}
			crashes := serverLog.count(tt.crash) - before
			if crashes < maxAttempts || crashes > maxAttempts+1 {
				t.Errorf("%d crashes, want %d or one more", crashes, maxAttempts)
			}
			if m := follow(t, s, neighbour); m.Status != "Succeeded" {
				t.Errorf("the import beside it: %s, %+v, want Succeeded", m.Status, m.Error)
			}
			s.DB().Reset() // its connections ended with the server
		})
	}
}

// restartWhenKilled starts the server again whenever it is killed, until the test ends.
func restartWhenKilled(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-ctx.Done():
				return
			case <-server.Done():
			}
			if err := server.Restart(context.WithoutCancel(ctx)); err != nil {
				t.Errorf("starting Postgres again: %v", err)
				return
			}
		}
	}()
	t.Cleanup(func() { stop(); <-stopped })
}

// follow polls an operation until it is finished. Requests that fail while Postgres is away are sent
// again.
func follow(t *testing.T, s *stack.Stack, op client.Accepted) (m client.Monitor) {
	t.Helper()
	await.Until(t, waitLimit, "operation "+op.ID+" to end", func() bool {
		polled, _, err := s.Client().Poll(t.Context(), op.OperationLocation)
		m = polled
		return err == nil && (m.Status == "Succeeded" || m.Status == "Failed")
	})
	return m
}

// TestRevisionsSurviveCrash crashes Postgres just after a client has seen that an import runs. Its
// revision must not be given to another state afterwards, and a client that knows it receives the final state.
func TestRevisionsSurviveCrash(t *testing.T) {
	for name, signal := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "immediate shutdown": syscall.SIGQUIT} {
		t.Run(name, func(t *testing.T) { revisionsSurvive(t, signal) })
	}
}

func revisionsSurvive(t *testing.T, signal syscall.Signal) {
	t.Helper()
	s := stack.Start(t, stack.Options{})
	lockTools(t, s)
	op := s.SubmitJSON(tool.JSON(tool.Numbered(1)))
	var seen *client.Response
	await.Until(t, 10*time.Second, "the import to run", func() bool {
		var err error
		if seen, err = s.Client().Get(t.Context(), op.OperationLocation); err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(seen.Body), `"Running"`)
	})
	if err := syscall.Kill(server.Pid(), signal); err != nil {
		t.Fatal(err)
	}
	<-server.Done()
	s.KillImporter(0) // so that only the cancel changes the operation
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.DB().Reset()
	await.Until(t, 20*time.Second, "the import to be cancelled", func() bool {
		response, err := s.Client().Cancel(t.Context(), op.OperationLocation)
		return err == nil && response.Status == http.StatusOK
	})
	tag := seen.Header.Get("ETag")
	response, err := s.Client().Do(t.Context(), http.MethodGet, op.OperationLocation,
		client.RequestBody{Header: http.Header{"If-None-Match": {tag}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := response.Header.Get("ETag"); response.Status != http.StatusOK || got <= tag {
		t.Errorf("after the crash and the cancel a client with %s gets %d and %s, want 200 and a later revision", tag, response.Status, got)
	}
	revision := strings.Trim(tag, `W/"`)
	events, err := s.Client().Do(t.Context(), http.MethodGet, op.OperationLocation+"/events",
		client.RequestBody{Header: http.Header{"Last-Event-ID": {revision}}})
	if err != nil {
		t.Fatal(err)
	}
	if events.Status != http.StatusOK || !strings.Contains(string(events.Body), `"Canceled"`) {
		t.Errorf("events after %s: %d %s, want the cancel", revision, events.Status, events.Body)
	}
	s.StartImporter(0)
}

// lockTools locks the table tools until the server ends.
func lockTools(t *testing.T, s *stack.Stack) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.DB().Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), `BEGIN; LOCK TABLE xforce.tools`); err != nil {
		t.Fatal(err)
	}
}
