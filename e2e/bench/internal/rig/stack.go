package rig

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

// Stack is the services, running.
type Stack struct {
	// Base is the api's address, without a slash at its end.
	Base string
	// Processes are the services' processes.
	Processes []Process
}

// Process is one process of a service.
type Process struct {
	Service string // such as "importer"
	Name    string // such as "importer-2"
	Pid     int

	child *process.Child
	said  *process.Tail
}

// Pids lists the processes' ids in their order.
func (s *Stack) Pids() []int {
	pids := make([]int, len(s.Processes))
	for i, p := range s.Processes {
		pids[i] = p.Pid
	}
	return pids
}

// WithStack starts the services and stops them after the function. The function's context ends when one of them does,
// and that is the error then.
func (r *Rig) WithStack(ctx context.Context, use func(context.Context, *Stack) error) (err error) {
	port, err := process.Port(ctx, 0)
	if err != nil {
		return err
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	stack := &Stack{Base: "http://" + address}
	defer func() { err = errors.Join(err, stack.stop()) }()
	watched, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := r.start(stack, address, cancel); err != nil {
		return err
	}
	err = programs.AwaitAPI(watched, stack.Base)
	if err == nil {
		err = use(watched, stack)
	}
	if lost := context.Cause(watched); lost != nil && ctx.Err() == nil {
		return lost
	}
	return err
}

func (r *Rig) start(stack *Stack, address string, lost context.CancelCauseFunc) error {
	env := slices.Concat(r.env, []string{"LONGSHORE_ADDR=" + address})
	for _, service := range programs.Services() {
		if service.Name == "importer" {
			service.Copies = r.Importers
		}
		for _, name := range service.Instances() {
			said := r.listen(name)
			child, err := process.Start(process.Command{
				Args: []string{filepath.Join(r.programs, service.Name)}, Env: env, Stdout: said,
			})
			if err != nil {
				return err
			}
			p := Process{Service: service.Name, Name: name, Pid: child.Pid(), child: child, said: said}
			stack.Processes = append(stack.Processes, p)
			go func() {
				<-child.Done()
				lost(errors.Join(fmt.Errorf("%s has ended after saying: %s", name, said), child.Err()))
			}()
		}
	}
	return nil
}

// listen keeps the last words of a process, and shows all of them if that is wished.
func (r *Rig) listen(name string) *process.Tail {
	if r.console == nil {
		return process.NewTail(nil)
	}
	return process.NewTail(r.console.Lines(name))
}

// stop stops the services, all at once, and waits for them.
func (s *Stack) stop() error {
	errs := make([]error, len(s.Processes))
	var stops sync.WaitGroup
	for i, p := range s.Processes {
		stops.Go(func() { errs[i] = p.child.Stop() })
	}
	stops.Wait()
	return errors.Join(errs...)
}
