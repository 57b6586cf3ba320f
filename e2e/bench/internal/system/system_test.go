package system

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

// serveVariable makes this test's program serve as an api.
const serveVariable = "SYSTEM_TEST_SERVE"

func TestMain(m *testing.M) {
	if os.Getenv(serveVariable) != "" {
		http.HandleFunc("/exit", func(http.ResponseWriter, *http.Request) { os.Exit(3) })
		http.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
		panic(http.ListenAndServe(os.Getenv("LONGSHORE_ADDR"), nil))
	}
	os.Exit(m.Run())
}

// scripts creates a program for each service. All run the same shell script, but the api.
func scripts(t *testing.T, script, api string) string {
	t.Helper()
	folder := t.TempDir()
	for _, service := range programs.Services() {
		content := script
		if service.Name == "api" {
			content = api
		}
		if err := os.WriteFile(filepath.Join(folder, service.Name), []byte("#!/bin/sh\n"+content+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// startRedis starts a Redis for the test, because Open empties its database.
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

// open opens a System, which is closed with the test or before.
func open(t *testing.T, redisURL, folder string) *System {
	t.Helper()
	s, err := Open(t.Context(), Options{DatabaseURL: os.Getenv("DATABASE_URL"), RedisURL: redisURL, Programs: folder, Importers: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestCloseDropsDatabase(t *testing.T) {
	t.Parallel()
	s := open(t, startRedis(t), t.TempDir())
	var database string
	if err := s.Conn.QueryRow(t.Context(), "SELECT current_database()").Scan(&database); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(database, databasePrefix) {
		t.Errorf("database = %s, want the prefix %s", database, databasePrefix)
	}
	if err := s.Reset(t.Context()); err != nil {
		t.Error(err)
	}
	lines, err := s.Describe(t.Context())
	if text := strings.Join(lines, "\n"); err != nil || !strings.Contains(text, "fsync o") || !strings.Contains(text, "appendonly") {
		t.Errorf("Describe() = %q, %v, want the settings of Postgres and Redis", lines, err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	server, err := pgx.Connect(t.Context(), os.Getenv("DATABASE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close(context.Background()) }()
	var count int
	if err := server.QueryRow(t.Context(), "SELECT count(*) FROM pg_database WHERE datname = $1", database).Scan(&count); err != nil {
		t.Fatal(err)
	}
	if count != 0 {
		t.Errorf("databases of the name %s = %d, want 0", database, count)
	}
}

func TestWithServicesReportsExit(t *testing.T) {
	t.Parallel()
	t.Run("start", func(t *testing.T) {
		t.Parallel()
		const script = "echo no such schema; exit 3"
		s := open(t, startRedis(t), scripts(t, script, script))
		err := s.WithServices(t.Context(), func(context.Context, *Services) error { return errors.New("called") })
		if err == nil || !strings.Contains(err.Error(), "exited") || !strings.Contains(err.Error(), "no such schema") {
			t.Errorf("WithServices() = %v, want the exit and the output", err)
		}
	})
	t.Run("use", func(t *testing.T) {
		t.Parallel()
		s := open(t, startRedis(t), scripts(t, "exec sleep 60", serveVariable+"=1 exec "+os.Args[0]))
		err := s.WithServices(t.Context(), func(ctx context.Context, services *Services) error {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, services.Base+"/exit", http.NoBody)
			if err != nil {
				return err
			}
			if response, err := http.DefaultClient.Do(request); err == nil {
				_ = response.Body.Close()
			}
			<-ctx.Done()
			return errors.New("the connection was lost")
		})
		if err == nil || !strings.Contains(err.Error(), "api exited") {
			t.Errorf("WithServices() = %v, want the exit of the api", err)
		}
	})
}

func TestOpenClaimsDifferentRedisDatabases(t *testing.T) {
	t.Parallel()
	redisURL := startRedis(t)
	first, second := open(t, redisURL, t.TempDir()), open(t, redisURL, t.TempDir())
	if a, b := first.Redis.Options().DB, second.Redis.Options().DB; a == b {
		t.Errorf("Redis databases = %d and %d, want different ones", a, b)
	}
}
