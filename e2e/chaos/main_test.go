// Package chaos_test runs a complete Longshore under faults, with a model of every record that
// clients have sent. A round starts clients, applies one fault or several, removes them, and
// compares the tables with the model. All choices follow from the seed. docs/reliability.md
// contains the results.
package chaos_test

import (
	"context"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/longshore-io/longshore/deploy/local/postgres"
	"github.com/longshore-io/longshore/deploy/local/programstest"
)

// The flags select the rounds. By default random mixtures of faults run for two minutes.
var (
	durationFlag = flag.Duration("duration", 2*time.Minute, "how long to run mixtures of faults")
	seedFlag     = flag.Uint64("seed", 1, "seed of the first round; each next round has the next seed")
	singlesFlag  = flag.Int("singles", 0, "apply each fault alone, so many times, instead of mixtures")
	faultsFlag   = flag.String("faults", "", "comma-separated names of faults to use; empty: all")
	reportFlag   = flag.String("report", "", "file, relative to the repository, whose section of results is replaced")
)

// server is the Postgres that the faults hit, with the durability settings of a real one.
var server *postgres.Server

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(programstest.MainOn(m, start))
}

func start(ctx context.Context) (url string, remove func() error, err error) {
	if server, err = postgres.Start(ctx, postgres.Options{Params: map[string]string{"max_connections": "150"}}); err != nil {
		return "", nil, err
	}
	return server.URL(), server.Remove, nil
}
