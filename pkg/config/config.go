// Package config reads a service's configuration from environment variables into one struct. Shared parts are fields of that
// struct; a test holds every variable against the README.
package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Postgres says where the database is.
type Postgres struct {
	// URL is the address of the database.
	URL string `env:"DATABASE_URL,required,notEmpty"`
	// Wait is how long a start waits for a database that does not answer yet or is not migrated yet; 0 gives up at once.
	Wait time.Duration `env:"LONGSHORE_DB_WAIT" envDefault:"0s"`
	// MaxConns bounds the connections of one process. None is held while a client is slow, so few serve many.
	MaxConns int `env:"LONGSHORE_DB_MAX_CONNS" envDefault:"10"`
}

// Redis says where the queue is.
type Redis struct {
	// URL is the address of Redis.
	URL string `env:"REDIS_URL,required,notEmpty"`
}

// Collections says which kinds of record there are.
type Collections struct {
	// Dir holds collection files beside the shipped ones; empty means none.
	Dir string `env:"LONGSHORE_COLLECTIONS"`
}

// Admin says where operators and their machines see how a service is.
type Admin struct {
	// Addr is host:port of health and metrics; port 0 takes a free one and tells it in the log.
	Addr string `env:"LONGSHORE_ADMIN_ADDR" envDefault:"127.0.0.1:0"`
}

// Shutdown bounds how a service ends.
type Shutdown struct {
	// Grace is how long the work in hand may take after SIGTERM.
	Grace time.Duration `env:"LONGSHORE_SHUTDOWN_GRACE" envDefault:"20s"`
}

// MaxDepth is the deepest nesting of a record that may be configured: Postgres gives up on JSONB some thousands of levels deep.
const MaxDepth = 1000

// Checker is a configuration that has rules across its fields.
type Checker interface {
	// Check returns every broken rule.
	Check() error
}

// Load fills a configuration from the environment and returns all its problems in one error.
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
		problems = append(problems, err.Error())
	default:
		if err := cfg.Check(); err != nil {
			problems = strings.Split(err.Error(), "\n")
		}
	}
	if len(problems) > 0 {
		return cfg, fmt.Errorf("configuration: %s", strings.Join(problems, "; "))
	}
	return cfg, nil
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
func variableOf(config reflect.Type, field string) string {
	for _, f := range reflect.VisibleFields(config) {
		if name, _, _ := strings.Cut(f.Tag.Get("env"), ","); f.Name == field && name != "" {
			return name
		}
		if f.Type.Kind() != reflect.Struct {
			continue
		}
		if name := variableOf(f.Type, field); name != field {
			return name
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
