package system

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/deploy/local/programs"
)

// Services are the running services.
type Services struct {
	// Base is the api's address, without a slash at its end.
	Base      string
	Processes []Process
}

// Process is one process of a service.
type Process struct {
	Service string // such as "importer"
	Name    string // such as "importer-2"
	Pid     int

	child *process.Child
}

// Pids returns the ids of the processes in their order.
func (s *Services) Pids() []int {
	pids := make([]int, len(s.Processes))
	for i, p := range s.Processes {
		pids[i] = p.Pid
	}
	return pids
}

// WithServices starts the services, calls the function and stops them. If a service exits before,
// the function's context is cancelled and WithServices returns the exit as its error.
func (s *System) WithServices(ctx context.Context, use func(context.Context, *Services) error) (err error) {
	port, err := process.Port(ctx, 0)
	if err != nil {
		return err
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	services := &Services{Base: "http://" + address}
	defer func() { err = errors.Join(err, services.stop()) }()
	watched, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := s.start(services, address, cancel); err != nil {
		return err
	}
	err = programs.AwaitAPI(watched, services.Base)
	if err == nil {
		err = use(watched, services)
	}
	if exit := context.Cause(watched); exit != nil && ctx.Err() == nil {
		return exit
	}
	return err
}

func (s *System) start(services *Services, address string, exited context.CancelCauseFunc) error {
	env := slices.Concat(s.env, []string{"LONGSHORE_ADDR=" + address})
	for _, service := range programs.Services() {
		if service.Name == "importer" {
			service.Copies = s.Importers
		}
		for _, name := range service.Instances() {
			output := process.NewTail(nil) // for the error message
			if s.console != nil {
				output = process.NewTail(s.console.Lines(name))
			}
			child, err := process.Start(process.Command{Args: []string{filepath.Join(s.programs, service.Name)}, Env: env, Stdout: output})
			if err != nil {
				return err
			}
			services.Processes = append(services.Processes, Process{service.Name, name, child.Pid(), child})
			go func() {
				<-child.Done()
				exited(errors.Join(fmt.Errorf("%s exited after its output: %s", name, output), child.Err()))
			}()
		}
	}
	return nil
}

// stop stops all services at the same time and waits for them.
func (s *Services) stop() error {
	errs := make([]error, len(s.Processes))
	var stops sync.WaitGroup
	for i, p := range s.Processes {
		stops.Go(func() { errs[i] = p.child.Stop() })
	}
	stops.Wait()
	return errors.Join(errs...)
}
