package rig

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/deploy/local/programs"
	"github.com/longshore-io/longshore/deploy/local/redis"
)

// asAPI is the variable that makes this test's program an api.
const asAPI = "RIG_TEST_AS_API"

func TestMain(m *testing.M) {
	if os.Getenv(asAPI) != "" {
		serve(os.Getenv("LONGSHORE_ADDR"))
	}
	os.Exit(m.Run())
}

// serve answers 200 to everything, and ends when it is asked for /end.
func serve(address string) {
	http.HandleFunc("/end", func(http.ResponseWriter, *http.Request) { os.Exit(3) })
	http.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	panic(http.ListenAndServe(address, nil))
}

// fakePrograms makes programs of the services' names that run the shell script given.
func fakePrograms(t *testing.T, script string) string {
	t.Helper()
	folder := t.TempDir()
	for _, service := range programs.Services() {
		fakeProgram(t, folder, service.Name, script)
	}
	return folder
}

func fakeProgram(t *testing.T, folder, name, script string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
}

// startRedis gives the test a Redis of its own, because a rig empties the database that it takes.
func startRedis(t *testing.T) string {
	t.Helper()
	server, err := redis.Start(t.Context(), redis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Remove(); err != nil {
			t.Error(err)
		}
	})
	return server.URL()
}

func openRig(t *testing.T, redisURL, programs string) *Rig {
	t.Helper()
	r, err := Open(t.Context(), Options{
		DatabaseURL: os.Getenv("DATABASE_URL"), RedisURL: redisURL, Programs: programs, Importers: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRigLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	r := openRig(t, startRedis(t), fakePrograms(t, "exit 0"))
	var database string
	if err := r.Conn.QueryRow(t.Context(), "SELECT current_database()").Scan(&database); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(database, databasePrefix) {
		t.Errorf("the benchmark works in the database %s", database)
	}
	if err := r.Fresh(t.Context()); err != nil {
		t.Error(err)
	}
	if lines, err := r.Describe(t.Context()); err != nil || !strings.Contains(strings.Join(lines, "\n"), "fsync o") {
		t.Errorf("the description is %q, %v", lines, err)
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	server, err := pgx.Connect(t.Context(), os.Getenv("DATABASE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close(context.Background()) }()
	var left int
	if err := server.QueryRow(t.Context(), "SELECT count(*) FROM pg_database WHERE datname = $1", database).Scan(&left); err != nil {
		t.Fatal(err)
	}
	if left != 0 {
		t.Errorf("the database %s is still there", database)
	}
}

func TestStackThatEndsIsSaid(t *testing.T) {
	t.Parallel()
	r := openRig(t, startRedis(t), fakePrograms(t, "echo no such schema; exit 3"))
	defer func() {
		if err := r.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	err := r.WithStack(t.Context(), func(context.Context, *Stack) error { return errors.New("was used") })
	if err == nil || !strings.Contains(err.Error(), "has ended") || !strings.Contains(err.Error(), "no such schema") {
		t.Errorf("the error is %v", err)
	}
}

func TestServiceThatEndsInUseIsSaid(t *testing.T) {
	t.Parallel()
	programs := fakePrograms(t, "exec sleep 60")
	fakeProgram(t, programs, "api", asAPI+"=1 exec "+os.Args[0])
	r := openRig(t, startRedis(t), programs)
	defer func() {
		if err := r.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	err := r.WithStack(t.Context(), func(ctx context.Context, stack *Stack) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, stack.Base+"/end", http.NoBody)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
		}
		<-ctx.Done()
		return errors.New("the connection was lost")
	})
	if err == nil || !strings.Contains(err.Error(), "api has ended") {
		t.Errorf("the error is %v", err)
	}
}

func TestRigsShareNoRedisDatabase(t *testing.T) {
	t.Parallel()
	address, programs := startRedis(t), fakePrograms(t, "exit 0")
	first, second := openRig(t, address, programs), openRig(t, address, programs)
	if a, b := first.Redis.Options().DB, second.Redis.Options().DB; a == b {
		t.Errorf("both rigs use Redis database %d", a)
	}
	for _, r := range []*Rig{first, second} {
		if err := r.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestWithDatabase(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"postgres://me:secret@127.0.0.1:5432/postgres?sslmode=disable": "postgres://me:secret@127.0.0.1:5432/x?sslmode=disable",
		"redis://127.0.0.1:6379": "redis://127.0.0.1:6379/x",
	}
	for address, want := range tests {
		if got, err := withDatabase(address, "x"); err != nil || got != want {
			t.Errorf("withDatabase(%q) = %q, %v, want %q", address, got, err, want)
		}
	}
}
