package signin_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/programstest"
	"github.com/longshore-io/longshore/e2e/signin/provider"
)

// providerVariable contains the address at which the test binary serves the provider instead of running
// tests.
const providerVariable = "LONGSHORE_TEST_PROVIDER"

func TestMain(m *testing.M) {
	if address := os.Getenv(providerVariable); address != "" {
		fmt.Fprintln(os.Stderr, provider.Serve(address))
		os.Exit(1)
	}
	os.Exit(programstest.Main(m))
}
