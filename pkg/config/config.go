// Package config reads the configuration of a service from environment variables into one struct. The
// parts that several services share are fields of it. docs/configuration.md is generated from the tags
// and the comments of the fields.
package config

import (
	"errors"
	"fmt"
	"net"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Postgres configures the connection to the database.
type Postgres struct {
	// URL is the address of Postgres 15 or newer, such as postgres://user:password@host/longshore.
	// All programs use the same database.
	URL string `env:"DATABASE_URL,required,notEmpty" secret:"url"`
	// Wait is how long a start, also of a command such as api collections apply, waits for a database
	// that does not answer or is not migrated yet. 0 does not wait.
	Wait time.Duration `env:"LONGSHORE_DB_WAIT" envDefault:"0s"`
	// MaxConns is the maximum number of connections of one process to Postgres. A worker needs two
	// for each chunk, search or report that it processes concurrently, and one more. The api uses
	// none while it waits for a slow client, so a few connections serve many clients.
	MaxConns int `env:"LONGSHORE_DB_MAX_CONNS" envDefault:"10"`
	// Pooler is the kind of connection pooler that DATABASE_URL leads to: none, also for a pooler
	// that keeps one session for each client, or transaction for one that gives a client another
	// session with each transaction, such as PgBouncer with pool_mode=transaction.
	Pooler string `env:"LONGSHORE_DB_POOLER" envDefault:"none"`
	// DirectURL is the address of Postgres itself behind a pooler. migrate uses it instead of
	// DATABASE_URL. A service, whose role it must have then, asks over it whether a statement that
	// takes long still runs. Empty uses DATABASE_URL.
	DirectURL string `env:"LONGSHORE_DIRECT_DATABASE_URL" secret:"url"`
}

// The values of Postgres.Pooler.
const (
	PoolerNone        = "none"
	PoolerTransaction = "transaction"
)

// Check returns an error if the kind of pooler is unknown.
func (p Postgres) Check() error {
	if p.Pooler != PoolerNone && p.Pooler != PoolerTransaction && p.Pooler != "" {
		return fmt.Errorf("LONGSHORE_DB_POOLER must be %s or %s, not %q", PoolerNone, PoolerTransaction, p.Pooler)
	}
	return nil
}

// Redis configures the connection to the queue.
type Redis struct {
	// URL is the address of Redis 6.2 or newer: redis://user:password@host:6379/0 for one server,
	// redis-sentinel://user:password@host1:26379,host2:26379/name-of-the-master?db=0 for Sentinel,
	// redis-cluster://user:password@host1:6379,host2:6379 for Redis Cluster. With rediss,
	// rediss-sentinel and rediss-cluster all connections use TLS. Sentinels with a login of their own
	// take sentinel_username and sentinel_password as further parameters.
	URL string `env:"REDIS_URL,required,notEmpty" secret:"url"`
	// Prefix is the beginning of the names of the queues and of the channel, as in blue-imports. It
	// separates installations that share a Redis, and is up to 32 letters, digits and hyphens. All
	// services of an installation use the same.
	Prefix string `env:"LONGSHORE_REDIS_PREFIX"`
	// CAFile is a file in PEM format with the certificates of the authorities that may sign the
	// certificate of Redis. Empty uses those of the system.
	CAFile string `env:"LONGSHORE_REDIS_CA_FILE"`
	// CertFile is a file in PEM format with the certificate that the service shows to Redis.
	CertFile string `env:"LONGSHORE_REDIS_CERT_FILE"`
	// KeyFile is a file in PEM format with the private key of LONGSHORE_REDIS_CERT_FILE.
	KeyFile string `env:"LONGSHORE_REDIS_KEY_FILE"`
}

// redisPrefix matches a prefix. Braces and asterisks have a meaning in the names of keys, in slots and
// in patterns.
var redisPrefix = regexp.MustCompile(`^[A-Za-z0-9-]{0,32}$`)

// Check returns an error for a prefix with other characters, and for a certificate without its key.
func (r Redis) Check() error {
	var errs []error
	if !redisPrefix.MatchString(r.Prefix) {
		errs = append(errs, fmt.Errorf("LONGSHORE_REDIS_PREFIX must consist of up to 32 letters, digits and hyphens, not %q", r.Prefix))
	}
	if (r.CertFile == "") != (r.KeyFile == "") {
		errs = append(errs, errors.New("LONGSHORE_REDIS_CERT_FILE and LONGSHORE_REDIS_KEY_FILE must be set together"))
	}
	return errors.Join(errs...)
}

// Admin configures the listener for operators.
type Admin struct {
	// Addr is the address, as host:port, of the health checks /livez, /startupz and /readyz and of
	// /metrics. Port 0 uses a free port, which the log contains.
	Addr string `env:"LONGSHORE_ADMIN_ADDR" envDefault:"127.0.0.1:0"`
	// Profiling is whether this listener serves profiles of the process at /debug/pprof/, for `go tool pprof`. They show
	// code and no data, but each costs processor time. A CPU profile takes less than 10 seconds: ?seconds=9.
	Profiling bool `env:"LONGSHORE_PROFILING" envDefault:"false"`
}

// Check returns an error if the address is not host:port.
func (a Admin) Check() error {
	if _, _, err := net.SplitHostPort(a.Addr); err != nil {
		return fmt.Errorf("LONGSHORE_ADMIN_ADDR must be host:port: %w", err)
	}
	return nil
}

// Shutdown configures the end of a service.
type Shutdown struct {
	// Grace is how long running work may take after SIGTERM before it is cut off. Must be greater
	// than 0.
	Grace time.Duration `env:"LONGSHORE_SHUTDOWN_GRACE" envDefault:"20s"`
}

// Log documents the variables of package logging, which reads them itself, before the configuration is
// loaded.
type Log struct {
	// Format is the format of the log: json for machines, text for people.
	Format string `env:"LONGSHORE_LOG_FORMAT" envDefault:"json"`
	// Level is the minimum level of the log: debug, info, warn or error.
	Level string `env:"LONGSHORE_LOG_LEVEL" envDefault:"info"`
}

// MaxDepth is the maximum of LONGSHORE_MAX_DEPTH. Postgres rejects JSONB that is nested some thousands
// of levels deep.
const MaxDepth = 1000

// Checker is a configuration, or a part of one, with rules for its values.
type Checker interface {
	// Check returns all violated rules.
	Check() error
}

// InvalidError is the error of Load.
type InvalidError struct {
	// Problems are all errors, each in one line.
	Problems []string
}

// Error returns all problems in one line.
func (e *InvalidError) Error() string { return "configuration: " + strings.Join(e.Problems, "; ") }

// Load reads a configuration from the environment and checks it and all of its parts. Its error is an
// *InvalidError.
func Load[T Checker](environ map[string]string) (T, error) {
	cfg, err := env.ParseAsWithOptions[T](env.Options{Environment: environ})
	var problems []string
	var all env.AggregateError
	switch {
	case errors.As(err, &all):
		for _, err := range all.Errors {
			problems = append(problems, problemOf[T](err))
		}
	case err != nil:
		problems = []string{err.Error()}
	default:
		problems = messagesOf(errors.Join(cfg.Check(), checkParts(reflect.ValueOf(cfg))))
	}
	for i := range problems {
		problems[i] = lineBreaks.Replace(problems[i])
	}
	if len(problems) > 0 {
		return cfg, &InvalidError{problems}
	}
	return cfg, nil
}

// lineBreaks shows the line breaks of a value that an error quotes.
var lineBreaks = strings.NewReplacer("\n", `\n`, "\r", `\r`)

// messagesOf returns the messages of the errors that errors.Join joined.
func messagesOf(err error) []string {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		if err == nil {
			return nil
		}
		return []string{err.Error()}
	}
	var messages []string
	for _, err := range joined.Unwrap() {
		messages = append(messages, messagesOf(err)...)
	}
	return messages
}

// checkParts checks the parts of a configuration. It skips embedded parts, whose Check is either
// promoted to the configuration or replaced by its own.
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

// problemOf returns the message of an error, with the variable in place of the field.
func problemOf[T any](err error) string {
	var parse env.ParseError
	if !errors.As(err, &parse) {
		return err.Error()
	}
	return fmt.Sprintf("%s is not usable as %s: %v", variableOf(reflect.TypeFor[T](), parse.Name), parse.Type, parse.Err)
}

// variableOf returns the variable of a field of the configuration or of one of its parts.
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
