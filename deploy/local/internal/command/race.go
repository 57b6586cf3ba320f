package command

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/longshore-io/longshore/deploy/local/debian"
	"github.com/longshore-io/longshore/deploy/local/process"
)

const on = "-race"

// raceDetector returns the flag of the race detector. It needs a C compiler, which is installed where that is possible;
// where it is not, the tests run without the detector, and that is said.
func raceDetector(ctx context.Context, say *process.Lines) (string, error) {
	named, err := exec.CommandContext(ctx, "go", "env", "CC").Output()
	if err != nil {
		return "", fmt.Errorf("asking go for the C compiler: %w", err)
	}
	compiler := strings.Fields(string(named))
	if len(compiler) > 0 {
		if _, err := exec.LookPath(compiler[0]); err == nil {
			return on, nil
		}
	}
	if !debian.CanInstall() {
		say.Printf("no C compiler on this machine: the tests run without the race detector")
		return "-race=false", nil
	}
	say.Printf("no C compiler on this machine: installing Debian's packages gcc and libc6-dev for the race detector (half a minute)")
	return on, debian.Install(ctx, "gcc", "libc6-dev")
}
