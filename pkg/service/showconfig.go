package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/logging"
)

// showConfig prints the configuration, or every problem on a line of its own.
func showConfig[C config.Checker](p process) int {
	_, logErr := logging.New(io.Discard, p.name, p.environ)
	cfg, err := config.Load[C](p.environ)
	tracing, tracingErr := config.Load[config.Tracing](p.environ)
	if errors.Join(logErr, err, tracingErr) != nil {
		p.printProblems(err)
		p.printProblems(tracingErr)
		if logErr != nil {
			_, _ = fmt.Fprintln(p.stderr, logErr)
		}
		return exitUsage
	}
	encoder := json.NewEncoder(p.stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(config.Describe(p.name, p.environ, cfg, config.Log{}, tracing)); err != nil {
		p.printError(err)
		return exitFailed
	}
	return exitOK
}

// printProblems prints every problem of an invalid configuration.
func (p process) printProblems(err error) {
	if invalid, ok := errors.AsType[*config.InvalidError](err); ok {
		for _, problem := range invalid.Problems {
			_, _ = fmt.Fprintln(p.stderr, problem)
		}
	}
}
