package check

import (
	"os"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/fleettest"
)

func TestMain(m *testing.M) { os.Exit(fleettest.Main(m)) }
