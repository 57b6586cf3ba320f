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
	// logFormatVariable selects text or json.
	logFormatVariable = "LONGSHORE_LOG_FORMAT"
	// consoleVariable contains the URL of the console for the api's links.
	consoleVariable = "LONGSHORE_CONSOLE_URL"
	// apiVariable contains the URL of the api for the console's logins.
	apiVariable = "LONGSHORE_API_URL"
)

// Stack is a running Longshore with its servers.
type Stack struct {
	Servers *Servers
	Base    string  // URL of the API, without a slash at its end
	Console string  // URL of the console, likewise
	Admin   []Admin // the admin listeners; empty if LONGSHORE_ADMIN_ADDR is set, which is passed on then

	units []unit
}

// Admin is the admin listener of a process.
type Admin struct{ Name, URL string }

// Up migrates the database, makes the first key of the API if there is none, and starts the services
// with the executables in the folder. Their output goes to the console. Call AwaitReady to wait for them, and Close to stop them.
func Up(ctx context.Context, servers *Servers, folder string, console *process.Console) (*Stack, error) {
	apiAddress, err := apiEndpoint.address(ctx, servers.ports)
	if err != nil {
		return nil, err
	}
	consoleAddress, err := consoleEndpoint.address(ctx, servers.ports)
	if err != nil {
		return nil, err
	}
	s := &Stack{Servers: servers, Base: "http://" + connectAddress(apiAddress), Console: "http://" + connectAddress(consoleAddress)}
	env := append(servers.Env(), apiEndpoint.variable+"="+apiAddress, consoleEndpoint.variable+"="+consoleAddress)
	env = appendDefault(env, logFormatVariable, "text")
	env = appendDefault(env, consoleVariable, s.Console)
	env = appendDefault(env, apiVariable, s.Base)
	if err := programs.Migrate(ctx, folder, env, console.Lines("migrate")); err != nil {
		return nil, err
	}
	if err := programs.MakeFirstKey(ctx, folder, env, console.Lines("api")); err != nil {
		return nil, err
	}
	if err := s.start(ctx, folder, env, console); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// appendDefault appends a variable unless the launcher's own environment sets it.
func appendDefault(env []string, variable, value string) []string {
	if os.Getenv(variable) != "" {
		return env
	}
	return append(env, variable+"="+value)
}

func (s *Stack) start(ctx context.Context, folder string, env []string, console *process.Console) error {
	for _, service := range programs.Services() {
		for _, name := range service.Instances() {
			ownEnv, err := s.withAdmin(ctx, env, name)
			if err != nil {
				return err
			}
			instance, err := programs.Start(ctx, folder, service, ownEnv, console.Lines(name))
			if err != nil {
				return fmt.Errorf("starting %s: %w", name, err)
			}
			s.units = append(s.units, unit{name: name, Process: instance})
		}
	}
	return nil
}

// withAdmin returns the environment of a process with the address of its admin listener.
func (s *Stack) withAdmin(ctx context.Context, env []string, name string) ([]string, error) {
	if os.Getenv(adminVariable) != "" {
		return env, nil
	}
	admin := endpoint{name + "-metrics", adminVariable, firstAdminPort + len(s.Admin)}
	address, err := admin.address(ctx, s.Servers.ports)
	if err != nil {
		return nil, err
	}
	s.Admin = append(s.Admin, Admin{Name: name, URL: "http://" + address})
	return append(slices.Clone(env), adminVariable+"="+address), nil
}

// AwaitReady returns when the API answers and every service is ready.
func (s *Stack) AwaitReady(ctx context.Context) error {
	if err := programs.AwaitAPI(ctx, s.Base); err != nil {
		return err
	}
	for _, admin := range s.Admin {
		if err := programs.AwaitReady(ctx, admin.Name, admin.URL); err != nil {
			return err
		}
	}
	return nil
}

// Watch restarts every process of the stack and its servers that ends, until the context ends. It
// returns an error if one of them cannot be kept running.
func (s *Stack) Watch(ctx context.Context, log *process.Lines) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var watchers sync.WaitGroup
	for _, u := range slices.Concat(s.Servers.units, s.units) {
		watchers.Go(func() {
			if err := u.supervise(ctx, log); err != nil {
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

// Close stops the services in parallel and waits for them. It does not stop the servers.
func (s *Stack) Close() error {
	errs := make([]error, len(s.units))
	var stops sync.WaitGroup
	for i, u := range s.units {
		stops.Go(func() { errs[i] = u.Stop() })
	}
	stops.Wait()
	return errors.Join(errs...)
}
