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

// Configuration is what a program says of its own configuration.
type Configuration struct {
	// Service is the program's name.
	Service string `json:"service"`
	// Variables are all that it reads, by name.
	Variables []Variable `json:"variables"`
	// Unknown are the variables beginning with LONGSHORE_ that it was given and does not read.
	Unknown []string `json:"unknown"`
}

// Variable is one that a program reads.
type Variable struct {
	Name     string `json:"name"`
	Default  string `json:"default"`
	Required bool   `json:"required"`
	// Value is what is in force, without its passwords.
	Value string `json:"value"`
}

// Value returns what is in force for a variable, and false for one that the program does not read.
func (c Configuration) Value(name string) (string, bool) {
	for _, v := range c.Variables {
		if v.Name == name {
			return v.Value, true
		}
	}
	return "", false
}

// settingsTimeout bounds a program that only prints its configuration.
const settingsTimeout = 20 * time.Second

// ReadConfiguration asks a program in the folder (see Build) what it would make of an environment, NAME=value each, and nothing but that: no
// variable of this process. Its error tells the problems of a configuration that the program refuses.
func ReadConfiguration(ctx context.Context, folder, program string, environ []string) (Configuration, error) {
	ctx, cancel := context.WithTimeout(ctx, settingsTimeout)
	defer cancel()
	path, err := filepath.Abs(filepath.Join(folder, program))
	if err != nil {
		return Configuration{}, fmt.Errorf("finding %s: %w", program, err)
	}
	command := exec.CommandContext(ctx, path, "config")
	command.Env = append([]string{}, environ...) // never nil, which would mean all of ours
	var said, problems bytes.Buffer
	command.Stdout, command.Stderr = &said, &problems
	if err := command.Run(); err != nil {
		return Configuration{}, fmt.Errorf("the configuration of %s: %w: %s", program, err, strings.TrimSpace(problems.String()))
	}
	var c Configuration
	if err := json.Unmarshal(said.Bytes(), &c); err != nil {
		return Configuration{}, fmt.Errorf("reading the configuration of %s: %w", program, err)
	}
	return c, nil
}
