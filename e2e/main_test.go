package e2e_test

import (
	"os"
	"testing"

	"github.com/longshore-io/longshore/e2e/stack"
)

func TestMain(m *testing.M) { os.Exit(stack.Main(m)) }
