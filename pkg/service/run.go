// Package service runs a service from its main function: configuration, signals, logging, exit code, and what operators ask the program
// itself. Every main has the same shape because of it.
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
)

// Env is what a service gets from its process.
type Env struct {
	// Name is the service's.
	Name string
	// Log writes structured records; it carries the service's name.
	Log *slog.Logger
}

// The exit codes of a service.
const (
	exitFine   = 0
	exitFailed = 1
	// exitUnusable is for arguments and configurations that no program can start with.
	exitUnusable = 2
)

// process is what a main function finds around it.
type process struct {
	name           string
	args           []string
	environ        map[string]string
	stdout, stderr io.Writer
}

// Main loads the configuration and runs a service until it ends by itself or the process is asked to stop (SIGINT, SIGTERM), and returns the
// exit code: 1 for a service that failed, 2 for a configuration that is not usable. A second signal ends the process at once. With an
// argument it does not run the service, but shows its configuration (config) or asks the one that runs beside it (healthcheck).
func Main[C config.Checker](name string, run func(context.Context, Env, C) error) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // gives the second signal its default effect
	return start(ctx, process{name, os.Args[1:], environment(os.Environ()), os.Stdout, os.Stderr}, run)
}

func start[C config.Checker](ctx context.Context, p process, run func(context.Context, Env, C) error) int {
	switch strings.Join(p.args, " ") {
	case "":
		return serve(ctx, p, run)
	case "config":
		return show[C](p)
	case "healthcheck":
		return healthcheck(ctx, p)
	default:
		p.complain("usage: " + p.name + "               run the service")
		p.complain("       " + p.name + " config        print the configuration as JSON, passwords hidden, and exit 0 if it is usable, else 2")
		p.complain("       " + p.name + " healthcheck   ask the service of this machine (LONGSHORE_ADMIN_ADDR) whether it is ready, and exit 0 or 1")
		return exitUnusable
	}
}

func serve[C config.Checker](ctx context.Context, p process, run func(context.Context, Env, C) error) int {
	log, err := logging.New(p.stderr, p.name, p.environ)
	if err != nil {
		p.complain(p.name + ": " + err.Error())
		return exitUnusable
	}
	cfg, err := config.Load[C](p.environ)
	if err != nil {
		log.Error("not started", slog.Any("error", err))
		return exitUnusable
	}
	if err := run(ctx, Env{Name: p.name, Log: log}, cfg); err != nil && !errors.Is(err, context.Canceled) {
		log.Error("stopped", slog.Any("error", err))
		return exitFailed
	}
	log.Info("stopped")
	return exitFine
}

// complain writes a line to people.
func (p process) complain(line string) { _, _ = fmt.Fprintln(p.stderr, line) }

func environment(pairs []string) map[string]string {
	environ := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		environ[name] = value
	}
	return environ
}
