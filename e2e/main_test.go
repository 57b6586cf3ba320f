package e2e_test

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/programstest"
	"github.com/longshore-io/longshore/e2e/stack"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := runStacksInParallel(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(programstest.Main(m))
}

// runStacksInParallel sets -parallel to the number of stacks, unless the command line sets it: the
// default, the number of cores, leaves them idle, because the tests mostly wait.
func runStacksInParallel() error {
	const parallel = "test.parallel"
	explicit := false
	flag.Visit(func(f *flag.Flag) { explicit = explicit || f.Name == parallel })
	if explicit {
		return nil
	}
	return flag.Set(parallel, strconv.Itoa(stack.MaxStacks()))
}
