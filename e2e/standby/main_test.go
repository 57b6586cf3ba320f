// Package standby_test lets a standby of Postgres take over while a stack works. The two servers are
// the package's own.
package standby_test

import (
	"context"
	"os"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/programstest"
)

// servers are the primary and the standby of all tests, which run one after another.
var servers *pair

func TestMain(m *testing.M) { os.Exit(programstest.MainOn(m, start)) }

func start(ctx context.Context) (url string, remove func() error, err error) {
	if servers, err = startPair(ctx); err != nil {
		return "", nil, err
	}
	return servers.url(), servers.remove, nil
}
