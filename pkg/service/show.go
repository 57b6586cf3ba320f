package service

import (
	"encoding/json"
	"errors"
	"io"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/logging"
)

// show prints the configuration, or every problem on a line of its own.
func show[C config.Checker](p process) int {
	_, logErr := logging.New(io.Discard, p.name, p.environ)
	cfg, err := config.Load[C](p.environ)
	if err := errors.Join(logErr, err); err != nil {
		if invalid, ok := errors.AsType[*config.InvalidError](err); ok {
			for _, problem := range invalid.Problems {
				p.complain(problem)
			}
		}
		if logErr != nil {
			p.complain(logErr.Error())
		}
		return exitUnusable
	}
	encoder := json.NewEncoder(p.stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(config.Describe(p.name, p.environ, cfg, config.Log{})); err != nil {
		p.complain(p.name + ": " + err.Error())
		return exitFailed
	}
	return exitFine
}
