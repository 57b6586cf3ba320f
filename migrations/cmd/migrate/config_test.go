package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/migrations/grants"
)

func TestConfigHidesPassword(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"postgres://ann:hush@db.example/longshore?sslmode=require": "postgres://ann:xxxxx@db.example/longshore?sslmode=require",
		"postgres://db.example/longshore?password=hush":            "xxxxx",
		"host=db.example password=hush":                            "xxxxx",
		"postgres://db.example/longshore?password=hush;b":          "xxxxx",
		"postgres://db.example/longshore?user=a&password=hu%ZZsh":  "xxxxx",
		"postgres://db.example/longshore?p%61ssword=hush":          "xxxxx",
		"postgres://ann:12#hush@db.example/longshore":              "xxxxx",
		"postgres://ann:12?hush@db.example/longshore":              "xxxxx",
		"postgres://ann:12/hush@db.example/longshore":              "xxxxx",
	} {
		var out bytes.Buffer
		err := run(t.Context(), []string{"config"}, []string{"LONGSHORE_B=1", "DATABASE_URL=" + address, "LONGSHORE_A=2"}, &out)
		var printed struct {
			Service   string
			Variables []struct {
				Name, Value string
				Required    bool
			}
			Unknown []string
		}
		if jsonErr := json.Unmarshal(out.Bytes(), &printed); err != nil || jsonErr != nil || len(printed.Variables) != 3+len(grants.Roles()) {
			t.Fatalf("run(config) = %v, printed %s (%v), want the addresses of the database, the pooler and the roles", err, &out, jsonErr)
		}
		v := printed.Variables[0]
		if printed.Service != "migrate" || v.Name != "DATABASE_URL" || !v.Required || v.Value != want {
			t.Errorf("%s: printed %+v, want the required DATABASE_URL with the value %s", address, printed, want)
		}
		if got, want := strings.Join(printed.Unknown, " "), "LONGSHORE_A LONGSHORE_B"; got != want {
			t.Errorf("%s: unknown variables = %s, want %s", address, got, want)
		}
	}
}

func TestVersionArgument(t *testing.T) {
	t.Parallel()
	for _, argument := range []string{"version", "--version"} {
		var out bytes.Buffer
		if err := run(t.Context(), []string{argument}, nil, &out); err != nil {
			t.Errorf("%s: error = %v, want nil", argument, err)
		}
		if got := out.String(); !strings.HasPrefix(got, "migrate "+release) || !strings.HasSuffix(got, ", "+runtime.Version()+"\n") {
			t.Errorf("%s: output = %q, want the name, %s and %s", argument, got, release, runtime.Version())
		}
	}
}

func TestUsageListsAllArguments(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), []string{"--help"}, nil, &bytes.Buffer{})
	for _, argument := range []string{"config", "version", "--version"} {
		if err == nil || !strings.Contains(err.Error(), argument) {
			t.Errorf("run(--help) = %v, want an error that contains %s", err, argument)
		}
	}
}

func TestExitCode(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ args, environ []string }{
		"no database": {nil, []string{"DATABASE_URL="}},
		"pooler":      {nil, []string{"DATABASE_URL=postgres://127.0.0.1:1/x", "LONGSHORE_DB_POOLER=transaction"}},
		"config":      {[]string{"config"}, nil},
		"argument":    {[]string{"up"}, []string{"DATABASE_URL=postgres://127.0.0.1:1/x"}},
	} {
		if err := run(t.Context(), tt.args, tt.environ, &bytes.Buffer{}); exitCode(err) != 2 {
			t.Errorf("%s: exitCode(%v) = %d, want 2", name, err, exitCode(err))
		}
	}
	if got := exitCode(errors.New("refused")); got != 1 {
		t.Errorf("any other error: exitCode() = %d, want 1", got)
	}
}

// TestDirectAddress: behind a pooler, migrate takes the address of Postgres itself.
func TestDirectAddress(t *testing.T) {
	t.Parallel()
	const pooled, direct = "postgres://pooler.example/longshore", "postgres://db.example/longshore"
	for _, tt := range []struct {
		name    string
		environ []string
		want    string
	}{
		{"pooled only", []string{variable + "=" + pooled}, pooled},
		{"pooler and both", []string{poolerVariable + "=transaction", variable + "=" + pooled, directVariable + "=" + direct}, direct},
		{"no pooler", []string{poolerVariable + "=none", variable + "=" + direct}, direct},
		{"both", []string{variable + "=" + pooled, directVariable + "=" + direct}, direct},
		{"direct only", []string{directVariable + "=" + direct}, direct},
		{"empty", []string{variable + "=" + pooled, directVariable + "="}, pooled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := database(tt.environ); err != nil || got != tt.want {
				t.Errorf("database(%v) = %q, %v, want %q", tt.environ, got, err, tt.want)
			}
		})
	}
}
