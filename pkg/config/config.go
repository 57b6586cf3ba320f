// Package config reads a service's configuration from environment variables into one struct. Shared parts are fields of that
// struct. docs/configuration.md is generated from the tags and comments of the fields.
package config

import (
	"errors"
	"fmt"
	"net"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Postgres says where the database is.
type Postgres struct {
	// URL is the address of Postgres 15 or newer, such as postgres://user:password@host/longshore.
	// All programs use the same database.
	URL string `env:"DATABASE_URL,required,notEmpty" secret:"url"`
	// Wait is how long a start waits for a database that does not answer or is not migrated yet. 0
	// does not wait.
	Wait time.Duration `env:"LONGSHORE_DB_WAIT" envDefault:"0s"`
	// MaxConns is the maximum number of connections of one process to Postgres. A worker needs two
	// for each chunk, search or report that it processes concurrently, and one more. The api uses
	// none while it waits for a slow client, so a few connections serve many clients.
	MaxConns int `env:"LONGSHORE_DB_MAX_CONNS" envDefault:"10"`
}

// Redis says where the queue is.
type Redis struct {
	// URL is the address of Redis 6.2 or newer, such as redis://:password@host:6379/0.
	URL string `env:"REDIS_URL,required,notEmpty" secret:"url"`
}

// Collections says which kinds of record there are.
type Collections struct {
	// Dir is a folder of collection files in addition to the shipped ones. A file replaces the
	// shipped collection of the same name. Use the same files for all services. Empty uses the
	// shipped collections only.
	Dir string `env:"LONGSHORE_COLLECTIONS"`
}

// Admin says where operators and their machines see how a service is.
type Admin struct {
	// Addr is the address, as host:port, of the health checks /livez, /startupz and /readyz and of
	// /metrics. Port 0 uses a free port, which the log contains.
	Addr string `env:"LONGSHORE_ADMIN_ADDR" envDefault:"127.0.0.1:0"`
}

// Check wants an address that can be listened at.
func (a Admin) Check() error {
	if _, _, err := net.SplitHostPort(a.Addr); err != nil {
		return fmt.Errorf("LONGSHORE_ADMIN_ADDR must be host:port: %w", err)
	}
	return nil
}

// Shutdown bounds how a service ends.
type Shutdown struct {
	// Grace is how long running work may take after SIGTERM before it is cut off. Must be greater
	// than 0.
	Grace time.Duration `env:"LONGSHORE_SHUTDOWN_GRACE" envDefault:"20s"`
}

// Log says how a service writes its log. Package logging reads these variables itself, before there is a configuration.
type Log struct {
	// Format is the format of the log: json for machines, text for people.
	Format string `env:"LONGSHORE_LOG_FORMAT" envDefault:"json"`
	// Level is the minimum level of the log: debug, info, warn or error.
	Level string `env:"LONGSHORE_LOG_LEVEL" envDefault:"info"`
}

// MaxDepth is the deepest nesting of a record that may be configured: Postgres gives up on JSONB some thousands of levels deep.
const MaxDepth = 1000

// Checker is a configuration, or a part of one, that has rules across its fields.
type Checker interface {
	// Check returns every broken rule.
	Check() error
}

// InvalidError is the error of Load.
type InvalidError struct {
	// Problems is everything that is wrong, one line for each.
	Problems []string
}

// Error tells all of them in one line.
func (e *InvalidError) Error() string { return "configuration: " + strings.Join(e.Problems, "; ") }

// Load fills a configuration from the environment and holds it, and every part of it, to its rules. Its error is an InvalidError.
func Load[T Checker](environ map[string]string) (T, error) {
	cfg, err := env.ParseAsWithOptions[T](env.Options{Environment: environ})
	var problems []string
	var all env.AggregateError
	switch {
	case errors.As(err, &all):
		for _, one := range all.Errors {
			problems = append(problems, wording[T](one))
		}
	case err != nil:
		problems = []string{err.Error()}
	default:
		if err := errors.Join(cfg.Check(), checkParts(reflect.ValueOf(cfg))); err != nil {
			problems = strings.Split(err.Error(), "\n")
		}
	}
	if len(problems) > 0 {
		return cfg, &InvalidError{problems}
	}
	return cfg, nil
}

// checkParts holds the parts of a configuration to their own rules. An embedded part's Check is the configuration's, if it has no other.
func checkParts(configuration reflect.Value) error {
	var errs []error
	for field, value := range configuration.Fields() {
		if field.Type.Kind() != reflect.Struct || !field.IsExported() {
			continue
		}
		if part, ok := reflect.TypeAssert[Checker](value); ok && !field.Anonymous {
			errs = append(errs, part.Check())
		}
		errs = append(errs, checkParts(value))
	}
	return errors.Join(errs...)
}

// wording names the variable where the library names the field.
func wording[T any](err error) string {
	var parse env.ParseError
	if !errors.As(err, &parse) {
		return err.Error()
	}
	return fmt.Sprintf("%s is not usable as %s: %v", variableOf(reflect.TypeFor[T](), parse.Name), parse.Type, parse.Err)
}

// variableOf finds the variable of a field, which may lie in a part of the configuration.
func variableOf(configuration reflect.Type, field string) string {
	for _, s := range settingsOf(configuration) {
		if s.field == field {
			return s.variable
		}
	}
	return field
}

// Positive returns an error that names the variable unless its value is greater than zero.
func Positive[N int | int64 | time.Duration](variable string, value N) error {
	if value <= 0 {
		return fmt.Errorf("%s must be greater than 0, not %v", variable, value)
	}
	return nil
}
