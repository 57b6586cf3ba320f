// Package service runs a service from its main function: signals, logging, exit code. Every main has the same shape because
// of it.
package service

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/longshore-io/longshore/pkg/logging"
)

// Env is what a service gets from its process.
type Env struct {
	// Log writes structured records; it carries the service's name.
	Log *slog.Logger
	// Environ holds the environment variables.
	Environ map[string]string
}

// Main runs a service until it ends by itself or the process is asked to stop (SIGINT, SIGTERM), and returns the exit code. A
// second signal ends the process at once.
func Main(name string, run func(context.Context, Env) error) int {
	environ := environment(os.Environ())
	log, err := logging.New(os.Stderr, name, environ)
	if err != nil {
		_, _ = os.Stderr.WriteString(name + ": " + err.Error() + "\n")
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // gives the second signal its default effect

	err = run(ctx, Env{Log: log, Environ: environ})
	if err != nil && !errors.Is(err, context.Canceled) {
		log.Error("stopped", slog.Any("error", err))
		return 1
	}
	log.Info("stopped")
	return 0
}

func environment(pairs []string) map[string]string {
	environ := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		environ[name] = value
	}
	return environ
}
