// Package admission_test lets many slow clients occupy an api with the memory limit of its pod.
package admission_test

import (
	"os"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/programstest"
)

func TestMain(m *testing.M) { os.Exit(programstest.Main(m)) }
