package command

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/deploy/local/programs"
	"github.com/longshore-io/longshore/deploy/local/redis"
	"github.com/longshore-io/longshore/deploy/local/sample"
	"github.com/longshore-io/longshore/deploy/local/stack"
)

// nameWidth is the width of the longest name before the lines: "importer-1".
const nameWidth = 10

// serve runs the stack until it is stopped. A sample that fails is said, and does not stop the stack: a developer may
// be about to find out why.
func serve(ctx context.Context, out io.Writer) error {
	err := withStack(ctx, out, "make run", func(ctx context.Context, up upStack) error {
		if err := sample.Import(ctx, up.Base, up.console.Lines("client")); err != nil && ctx.Err() == nil {
			up.say.Printf("the sample was not imported: %v", err)
		}
		if ctx.Err() == nil {
			up.console.Print(welcome(up.Stack, up.folder))
		}
		<-ctx.Done()
		return nil
	})
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // Ctrl-C while the stack came up
	}
	return err
}

// demonstrate runs the stack for one import, which must succeed.
func demonstrate(ctx context.Context, out io.Writer) error {
	return withStack(ctx, out, "make demo", func(ctx context.Context, up upStack) error {
		if err := sample.Import(ctx, up.Base, up.console.Lines("client")); err != nil {
			return err
		}
		up.say.Printf("the sample is imported, the stack stops")
		return nil
	})
}

// upStack is a stack that is up, with its voices.
type upStack struct {
	*stack.Stack

	console *process.Console
	say     *process.Lines
	folder  string
}

// withStack brings the stack up, keeps it up while the function uses it, and stops it. The function's context ends when
// a process cannot be kept running.
func withStack(ctx context.Context, out io.Writer, purpose string, use func(context.Context, upStack) error) error {
	console := process.NewConsole(out, nameWidth)
	say := console.Lines("longshore")
	return inWorkshop(purpose, "", func(w workshop) error {
		return w.withServers(ctx, stack.Profile{DefaultPorts: true, EmbedRedis: true, Redis: redis.Durable()}, say, func(servers *stack.Servers) error {
			up, err := stack.Up(ctx, servers, w.programs, console, say)
			if err != nil {
				return err
			}
			err = keep(ctx, up, say, func(ctx context.Context) error {
				if err := programs.AwaitAPI(ctx, up.Base); err != nil {
					return err
				}
				return use(ctx, upStack{Stack: up, console: console, say: say, folder: w.home.Path})
			})
			say.Printf("stopping")
			return errors.Join(err, up.Close())
		})
	})
}

// keep watches over the stack's processes while the function runs. The first that fails ends both.
func keep(ctx context.Context, up *stack.Stack, say *process.Lines, use func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	watched := make(chan error, 1)
	go func() {
		watched <- up.Watch(ctx, say)
		cancel()
	}()
	err := use(ctx)
	cancel()
	if lost := <-watched; lost != nil {
		return lost
	}
	return err
}

func welcome(up *stack.Stack, folder string) string {
	return fmt.Sprintf(`
Longshore is up.

  API        %[1]s/
  Queues     %[5]s/queues
  Postgres   %[2]s
  Redis      %[3]s
  Data       %[4]s   (kept between runs; the servers' logs are there too)

  Try        curl -i %[1]s/api/tools/import -H 'Content-Type: application/json' -d @deploy/local/sample/tools.json
  Stop       Ctrl-C

`, up.Base, up.Servers.DatabaseURL, up.Servers.RedisURL, folder, up.Console)
}
