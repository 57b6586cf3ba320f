// Package edgefaults_test checks the api's answers while Postgres fails: an error at every statement of
// every route, a COMMIT that is not confirmed, a server that is silent. The server is the package's
// own, because some tests change its settings.
package edgefaults_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/postgres"
	"github.com/longshore-io/longshore/deploy/local/programstest"
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	server, err := postgres.Start(context.Background(), postgres.Options{})
	if err != nil {
		return 0, fmt.Errorf("starting a Postgres for the package: %w", err)
	}
	defer func() {
		if removeErr := server.Remove(); err == nil {
			err = removeErr
		}
	}()
	if err := os.Setenv("DATABASE_URL", server.URL()); err != nil {
		return 0, err
	}
	return programstest.Main(m), nil
}
