package redistopology_test

import (
	"os"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/programstest"
)

func TestMain(m *testing.M) { os.Exit(programstest.Main(m)) }
