package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"github.com/longshore-io/longshore/deploy/local/process"
)

// portsFile in the data folder contains the ports that were chosen, by name, as a JSON object.
const portsFile = "ports.json"

// ports remembers the port of each listener in the data folder, so that a stack has the same
// addresses at every start.
type ports struct {
	file   string
	byName map[string]int
	log    *process.Lines
}

// openPorts reads the ports of the data folder. A missing file is no error.
func openPorts(folder string, log *process.Lines) (*ports, error) {
	p := &ports{file: filepath.Join(folder, portsFile), byName: make(map[string]int), log: log}
	content, err := os.ReadFile(p.file)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the ports of the last start: %w", err)
	}
	if err := json.Unmarshal(content, &p.byName); err != nil {
		return nil, fmt.Errorf("reading the ports of the last start from %s (delete it to choose new ones): %w", p.file, err)
	}
	return p, nil
}

// preferred returns the port of the last start, or else the default.
func (p *ports) preferred(name string, defaultPort int) int {
	if port, ok := p.byName[name]; ok {
		return port
	}
	return defaultPort
}

// choose returns the preferred port if it is free, otherwise another free one, and remembers it.
func (p *ports) choose(ctx context.Context, name string, defaultPort int) (int, error) {
	port, err := process.Port(ctx, p.preferred(name, defaultPort))
	if err != nil {
		return 0, err
	}
	return port, p.remember(name, defaultPort, port)
}

// remember stores the port in the data folder, and logs it if it is not the preferred one.
func (p *ports) remember(name string, defaultPort, port int) error {
	preferred := p.preferred(name, defaultPort)
	if port != preferred {
		p.log.Printf("port %d is used by another program: %s gets port %d, also at the next starts", preferred, name, port)
	}
	changed := maps.Clone(p.byName)
	changed[name] = port
	if maps.Equal(changed, p.byName) {
		return nil
	}
	p.byName = changed
	content, err := json.MarshalIndent(p.byName, "", "  ")
	if err == nil {
		err = os.WriteFile(p.file, append(content, '\n'), 0o644) //nolint:gosec // G306: ports are no secret
	}
	if err != nil {
		return fmt.Errorf("storing the port of %s: %w", name, err)
	}
	return nil
}
