// Command migrate applies all migrations to the database at DATABASE_URL, or at
// LONGSHORE_DIRECT_DATABASE_URL where the former leads to a pooler, grants the roles of the services
// their rights, and exits. The arguments config and version print its configuration and its version,
// as those of every service do.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// errUsage is the error for unknown arguments.
var errUsage = errors.New(`usage: migrate           apply the migrations to the database at DATABASE_URL
                migrate config    print the configuration as JSON, with the password hidden; exit with 0 if it is valid, else with 2
                migrate version   print the version, also as --version`)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "migrate:", err)
		os.Exit(exitCode(err))
	}
}

// exitCode returns 2 for an error that a retry can't cure, like the services, and 1 for any other.
func exitCode(err error) int {
	if errors.Is(err, errUsage) || errors.Is(err, errNoDatabase) || errors.Is(err, errPooled) {
		return 2
	}
	return 1
}

func run(ctx context.Context, args, environ []string, out io.Writer) error {
	switch strings.Join(args, " ") {
	case "":
		return migrate(ctx, environ, out)
	case "config":
		return showConfig(environ, out)
	case "version", "--version":
		_, err := fmt.Fprintln(out, "migrate", version())
		return err
	default:
		return errUsage
	}
}
