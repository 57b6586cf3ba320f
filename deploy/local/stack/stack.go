package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/deploy/local/programs"
)

const (
	// logFormatVariable chooses between text and json.
	logFormatVariable = "LONGSHORE_LOG_FORMAT"
	// consoleVariable tells the API where operators open the console.
	consoleVariable = "LONGSHORE_CONSOLE_URL"
)

// Stack is Longshore with its servers, running.
type Stack struct {
	Servers *Servers
	Base    string // the API's address, without a slash at its end
	Console string // the console's, likewise

	units []unit
}

// Up migrates the database and starts the services from the folder of programs, each with its lines on the console. It
// returns when the API answers. Close stops the services, and leaves the servers to their owner.
func Up(ctx context.Context, servers *Servers, folder string, voices *process.Console, say *process.Lines) (*Stack, error) {
	address, err := apiDoor.address(ctx, say)
	if err != nil {
		return nil, err
	}
	console, err := consoleDoor.address(ctx, say)
	if err != nil {
		return nil, err
	}
	s := &Stack{Servers: servers, Base: "http://" + local(address), Console: "http://" + local(console)}
	env := append(servers.Env(), apiDoor.variable+"="+address, consoleDoor.variable+"="+console)
	env = unlessSet(env, logFormatVariable, "text")
	env = unlessSet(env, consoleVariable, s.Console)
	if err := programs.Migrate(ctx, folder, env, voices.Lines("migrate")); err != nil {
		return nil, err
	}
	if err := s.start(ctx, folder, env, voices); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// unlessSet adds a variable that the launcher's own environment does not set.
func unlessSet(env []string, variable, value string) []string {
	if os.Getenv(variable) != "" {
		return env
	}
	return append(env, variable+"="+value)
}

func (s *Stack) start(ctx context.Context, folder string, env []string, console *process.Console) error {
	for _, service := range programs.Services() {
		for _, name := range service.Instances() {
			instance, err := programs.Start(ctx, folder, service, env, console.Lines(name))
			if err != nil {
				return fmt.Errorf("starting %s: %w", name, err)
			}
			s.units = append(s.units, unit{name: name, Process: instance})
		}
	}
	return nil
}

// Watch keeps every process of the stack and its servers running until the context ends. It returns an error when one
// of them cannot be kept running.
func (s *Stack) Watch(ctx context.Context, say *process.Lines) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var watchers sync.WaitGroup
	for _, u := range slices.Concat(s.Servers.units, s.units) {
		watchers.Go(func() {
			if err := u.supervise(ctx, say); err != nil {
				cancel(err)
			}
		})
	}
	watchers.Wait()
	if err := context.Cause(ctx); ctx.Err() != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// Close stops the services, all at once, and waits for them.
func (s *Stack) Close() error {
	errs := make([]error, len(s.units))
	var stops sync.WaitGroup
	for i, u := range s.units {
		stops.Go(func() { errs[i] = u.Stop() })
	}
	stops.Wait()
	return errors.Join(errs...)
}
