// Package edgefaults_test checks the api's answers while Postgres fails: an error at every statement of
// every route, a COMMIT that is not confirmed, a server that is silent. The server is the package's
// own, because some tests change its settings.
package edgefaults_test

import (
	"context"
	"os"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/postgres"
	"github.com/longshore-io/longshore/deploy/local/programstest"
)

func TestMain(m *testing.M) { os.Exit(programstest.MainOn(m, start)) }

func start(ctx context.Context) (url string, remove func() error, err error) {
	server, err := postgres.Start(ctx, postgres.Options{})
	if err != nil {
		return "", nil, err
	}
	return server.URL(), server.Remove, nil
}
