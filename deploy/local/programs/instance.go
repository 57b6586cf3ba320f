package programs

import (
	"context"
	"io"
	"path/filepath"

	"github.com/longshore-io/longshore/deploy/local/process"
)

// Instance is one process of a service. It can be stopped or killed and started again.
type Instance struct {
	process.Slot

	command process.Command
}

// Start starts a process of the service with the executable in the folder. Its output goes to out.
func Start(ctx context.Context, folder string, service Service, env []string, out io.Writer) (*Instance, error) {
	i := &Instance{command: process.Command{Args: []string{filepath.Join(folder, service.Name)}, Env: env, Stdout: out}}
	if err := i.Restart(ctx); err != nil {
		return nil, err
	}
	return i, nil
}

// Restart starts the process again. The previous one must have ended.
func (i *Instance) Restart(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := i.StartNext(i.command)
	return err
}
