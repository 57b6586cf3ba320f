// Package service runs a Longshore service: its command line and exit codes, its configuration and
// log, the connections that it depends on, its admin listener for operators, and its HTTP server.
// Every main function has the same shape because of it.
package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/tracing"
	"github.com/longshore-io/longshore/pkg/tracing/otlp"
)

// Env is the environment in which a service runs.
type Env struct {
	// Name is the name of the service.
	Name string
	// Log writes structured records that contain the name of the service.
	Log *slog.Logger
	// Tracer records traces; nil if tracing is off.
	Tracer *tracing.Tracer
}

// The exit codes of a service.
const (
	exitOK     = 0
	exitFailed = 1
	// exitUsage is for arguments and configurations with which the service cannot start.
	exitUsage = 2
)

// usage lists the arguments of every program; %[1]s is its name.
const usage = `usage: %[1]s               run the service
       %[1]s config        print the configuration as JSON, with passwords hidden; exit with 0 if it is valid, else with 2
       %[1]s healthcheck   query /readyz of the service on this machine (LONGSHORE_ADMIN_ADDR); exit with 0 if it is ready, else with 1
       %[1]s version       print the version, also as --version
`

// process is the part of the operating system's process that a service uses.
type process struct {
	name           string
	args           []string
	environ        map[string]string
	stdout, stderr io.Writer
}

// Main loads the configuration, runs a service until it returns or the process receives SIGINT or
// SIGTERM, and returns the exit code: 1 if the service failed, 2 if its configuration or arguments
// are invalid. A second signal kills the process. The arguments config, healthcheck and version
// print something about the service and do not run it.
func Main[C config.Checker](name string, run func(context.Context, Env, C) error, commands ...Command) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // restores the default effect for the second signal
	return execute(ctx, process{name, os.Args[1:], parseEnviron(os.Environ()), os.Stdout, os.Stderr}, run, commands...)
}

// Command is a further argument of a program, such as keys of the api.
type Command struct {
	Name string
	// Usage describes its arguments; %[1]s is the name of the program.
	Usage string
	// Run runs the command with the arguments that follow its name, and prints to out. It reads what it
	// needs of the configuration from environ, so that a command needs less than the service. An error
	// that IsUsage reports is followed by the usage of the program.
	Run     func(ctx context.Context, environ map[string]string, args []string, out io.Writer) error
	IsUsage func(error) bool
}

// execute runs the command and returns its exit code.
func (c Command) execute(ctx context.Context, p process) int {
	err := c.Run(ctx, p.environ, p.args[1:], p.stdout)
	if err == nil {
		return exitOK
	}
	if _, invalid := errors.AsType[*config.InvalidError](err); invalid {
		p.printProblems(err)
		return exitUsage
	}
	p.printError(err)
	if c.IsUsage(err) {
		_, _ = fmt.Fprintf(p.stderr, "usage: %[1]s "+c.Usage+"\n", p.name)
		return exitUsage
	}
	return exitFailed
}

func execute[C config.Checker](ctx context.Context, p process, run func(context.Context, Env, C) error, commands ...Command) int {
	for _, c := range commands {
		if len(p.args) > 0 && p.args[0] == c.Name {
			return c.execute(ctx, p)
		}
	}
	switch strings.Join(p.args, " ") {
	case "":
		return runService(ctx, p, run)
	case "config":
		return showConfig[C](p)
	case "healthcheck":
		return healthcheck(ctx, p)
	case "version", "--version":
		_, _ = fmt.Fprintln(p.stdout, p.name, readVersion())
		return exitOK
	default:
		_, _ = fmt.Fprintf(p.stderr, usage, p.name)
		for _, c := range commands {
			_, _ = fmt.Fprintf(p.stderr, "       %[1]s "+c.Usage+"\n", p.name)
		}
		return exitUsage
	}
}

func runService[C config.Checker](ctx context.Context, p process, run func(context.Context, Env, C) error) int {
	log, err := logging.New(p.stderr, p.name, p.environ)
	if err != nil {
		p.printError(err)
		return exitUsage
	}
	cfg, cfgErr := config.Load[C](p.environ)
	traces, err := config.Load[config.Tracing](p.environ)
	if err := errors.Join(cfgErr, err); err != nil {
		log.Error("not started", slog.Any("error", err))
		return exitUsage
	}
	tracer, stopTracing, err := startTracing(ctx, p.name, traces, log)
	if err != nil {
		log.Error("not started", slog.Any("error", err))
		return exitFailed
	}
	defer stopTracing()
	if err := run(ctx, Env{Name: p.name, Log: log, Tracer: tracer}, cfg); err != nil && !errors.Is(err, context.Canceled) {
		log.Error("stopped", slog.Any("error", err))
		return exitFailed
	}
	log.Info("stopped")
	return exitOK
}

// startTracing starts the export of traces if one is configured.
func startTracing(ctx context.Context, name string, cfg config.Tracing, log *slog.Logger) (*tracing.Tracer, func(), error) {
	if !cfg.Enabled() {
		return nil, func() {}, nil
	}
	return otlp.Start(ctx, name, readVersion().version, log)
}

func (p process) printError(err error) { _, _ = fmt.Fprintf(p.stderr, "%s: %v\n", p.name, err) }

// parseEnviron converts NAME=value pairs to a map.
func parseEnviron(pairs []string) map[string]string {
	environ := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		environ[name] = value
	}
	return environ
}
