package stack

import (
	"context"
	"math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// Free ports are chosen below the range that systems use for outgoing connections, so that a server
// that is killed and started again finds its port free.
const firstPort, ports = 20_000, 12_000

func freePort(tb testing.TB) int {
	tb.Helper()
	for range 100 {
		port := firstPort + rand.N(ports) //nolint:gosec // G404: a port is no secret
		if process.Free(tb.Context(), net.JoinHostPort("127.0.0.1", strconv.Itoa(port))) {
			return port
		}
	}
	tb.Fatal("no free port found")
	return 0
}

// behindDeadHost returns an address of the same database whose first host refuses connections.
func behindDeadHost(tb testing.TB, databaseURL string) string {
	tb.Helper()
	address, err := url.Parse(databaseURL)
	if err != nil {
		tb.Fatal(err)
	}
	address.Host = "127.0.0.1:1," + address.Host
	query := address.Query()
	query.Set("target_session_attrs", "read-write")
	address.RawQuery = query.Encode()
	return address.String()
}

// databaseOf returns the URL of the stack's database for a service, with the role that the service has
// in Postgres.
func (s *Stack) databaseOf(service string) string {
	s.tb.Helper()
	role := grants.Worker
	if service == "api" {
		role = grants.API
	}
	return storetest.As(s.tb, s.database, role)
}

// Connect opens a connection pool, which is closed when the test ends.
func Connect(tb testing.TB, databaseURL string) *pgxpool.Pool {
	tb.Helper()
	config, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		tb.Fatalf("reading the test's database URL: %v", err)
	}
	config.ConnConfig.RuntimeParams["timezone"] = "UTC"
	config.ConnConfig.RuntimeParams["application_name"] = "e2e"
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		tb.Fatalf("connecting to the test's database: %v", err)
	}
	tb.Cleanup(pool.Close)
	return pool
}
