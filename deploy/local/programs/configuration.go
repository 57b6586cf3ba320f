package programs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Configuration is the output of a program's command config.
type Configuration struct {
	// Service is the program's name.
	Service string `json:"service"`
	// Variables are the variables that it reads, sorted by name.
	Variables []Variable `json:"variables"`
	// Unknown are variables of its environment that begin with LONGSHORE_ and that it does not read.
	Unknown []string `json:"unknown"`
}

// Variable is an environment variable that a program reads.
type Variable struct {
	Name     string `json:"name"`
	Default  string `json:"default"`
	Required bool   `json:"required"`
	// Value is the effective value, with passwords hidden.
	Value string `json:"value"`
}

// Value returns the effective value of a variable, and false if the program does not read it.
func (c Configuration) Value(name string) (string, bool) {
	for _, v := range c.Variables {
		if v.Name == name {
			return v.Value, true
		}
	}
	return "", false
}

// configTimeout is the maximum time of a program that prints its configuration.
const configTimeout = 20 * time.Second

// ReadConfiguration returns the configuration that a program in the folder (see Build) reads from an
// environment, given as NAME=value. The program gets no other variables. If it rejects the
// configuration, its message is in the error.
func ReadConfiguration(ctx context.Context, folder, program string, environ []string) (Configuration, error) {
	ctx, cancel := context.WithTimeout(ctx, configTimeout)
	defer cancel()
	path, err := filepath.Abs(filepath.Join(folder, program))
	if err != nil {
		return Configuration{}, fmt.Errorf("finding %s: %w", program, err)
	}
	command := exec.CommandContext(ctx, path, "config")
	command.Env = append([]string{}, environ...) // not nil, which would pass on the environment of this process
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return Configuration{}, fmt.Errorf("reading the configuration of %s: %w: %s", program, err, strings.TrimSpace(stderr.String()))
	}
	var c Configuration
	if err := json.Unmarshal(stdout.Bytes(), &c); err != nil {
		return Configuration{}, fmt.Errorf("reading the configuration of %s: %w", program, err)
	}
	return c, nil
}
