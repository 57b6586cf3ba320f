package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/deploy/local/redis"
	"github.com/longshore-io/longshore/deploy/local/sample"
	"github.com/longshore-io/longshore/deploy/local/stack"
)

// nameWidth is the width of the column of process names: the longest is "importer-1".
const nameWidth = 10

// serve runs the stack until the context ends. A failed import of the sample is logged and does not
// stop the stack, so that its cause can be examined.
func serve(ctx context.Context, out io.Writer) error {
	err := withStack(ctx, out, "make run", func(ctx context.Context, up upStack) error {
		if err := up.importSample(ctx); err != nil && ctx.Err() == nil {
			up.log.Printf("the sample was not imported: %v", err)
		}
		if ctx.Err() == nil {
			up.console.Print(welcome(up.Stack, up.folder))
		}
		<-ctx.Done()
		return nil
	})
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // Ctrl-C during the start
	}
	return err
}

// demo starts the stack, imports the sample and stops the stack.
func demo(ctx context.Context, out io.Writer) error {
	return withStack(ctx, out, "make demo", func(ctx context.Context, up upStack) error {
		if err := up.importSample(ctx); err != nil {
			return err
		}
		up.log.Printf("the demo has succeeded")
		return nil
	})
}

// upStack is a running stack with what the commands use.
type upStack struct {
	*stack.Stack

	console *process.Console
	log     *process.Lines
	folder  string
	sample  sampleMode
}

// importSample imports the sample, unless the database is not the launcher's own and the sample was not requested for it.
func (up upStack) importSample(ctx context.Context) error {
	switch {
	case up.sample.enabled(up.Servers.OwnDatabase):
		if err := sample.Import(ctx, up.Base, "", up.console.Lines("client")); err != nil {
			return err
		}
		up.log.Printf("the sample is imported")
	case up.sample == sampleNo:
		up.log.Printf("all services are ready; the sample is not imported, because %s is no", sampleVariable)
	default:
		up.log.Printf("all services are ready; the sample is not imported, because DATABASE_URL names a database of your own: add %s=yes to import it",
			sampleVariable)
	}
	return nil
}

// withStack starts the stack, calls use when all services are ready, and stops the stack. The context
// of use ends when a process cannot be kept running.
func withStack(ctx context.Context, out io.Writer, command string, use func(context.Context, upStack) error) error {
	sample, err := readSampleMode()
	if err != nil {
		return err
	}
	console := process.NewConsole(out, nameWidth)
	log := console.Lines("longshore")
	return inWorkspace(command, "", func(w workspace) error {
		return w.withServers(ctx, stack.Profile{FixedPorts: true, EmbedRedis: true, Redis: redis.Durable()}, log, func(servers *stack.Servers) error {
			up, err := stack.Up(ctx, servers, w.bin, console)
			if err != nil {
				return err
			}
			err = watched(ctx, up, log, func(ctx context.Context) error {
				if err := up.AwaitReady(ctx); err != nil {
					return err
				}
				return use(ctx, upStack{Stack: up, console: console, log: log, folder: w.data.Path, sample: sample})
			})
			log.Printf("stopping")
			return errors.Join(err, up.Close())
		})
	})
}

// watched restarts processes that end while the function runs. It cancels the function's context, and
// returns the error, when one of them cannot be kept running.
func watched(ctx context.Context, up *stack.Stack, log *process.Lines, use func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	watch := make(chan error, 1)
	go func() {
		watch <- up.Watch(ctx, log)
		cancel()
	}()
	err := use(ctx)
	cancel()
	if watchErr := <-watch; watchErr != nil {
		return watchErr
	}
	return err
}

func welcome(up *stack.Stack, folder string) string {
	var metrics strings.Builder
	for _, admin := range up.Admin {
		fmt.Fprintf(&metrics, "\n             %s/metrics  %s", admin.URL, admin.Name)
	}
	if metrics.Len() == 0 {
		metrics.WriteString("see the log of each service")
	}
	return fmt.Sprintf(`
Longshore is up.

  API        %[1]s/
  Queues     %[2]s/queues
  Postgres   %[3]s
  Redis      %[4]s
  Metrics    %[5]s
  Data       %[6]s   (kept, like the ports, for the next start; contains the servers' logs)

  Try        curl -i %[1]s/api/tools/import -H 'Content-Type: application/json' -d @deploy/local/sample/tools.json
  Keys       not needed on this machine; other machines need one: .bin/api keys create --bundle importer
  Stop       Ctrl-C

`, up.Base, up.Console, up.Servers.DatabaseURL, up.Servers.RedisURL, strings.TrimSpace(metrics.String()), folder)
}
