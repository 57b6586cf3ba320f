// Package standby_test lets a standby of Postgres take over while a stack works. The two servers are
// the package's own.
package standby_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/programstest"
)

// servers are the primary and the standby of all tests, which run one after another.
var servers *pair

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if servers, err = startPair(context.Background()); err != nil {
		return 0, fmt.Errorf("starting a primary and a standby: %w", err)
	}
	defer func() { err = errors.Join(err, servers.remove()) }()
	if err := os.Setenv("DATABASE_URL", servers.url()); err != nil {
		return 0, err
	}
	return programstest.Main(m), nil
}
