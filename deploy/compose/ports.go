package compose

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// adminAddr is the listener for operators' machines, which is never published.
const adminAddr = "LONGSHORE_ADMIN_ADDR"

// listens wants every listener to be where others look for it: those for people are published, the one for machines is told to them.
func listens(_ plan, p program) []string {
	var problems, public []string
	for _, variable := range p.settings.Variables {
		if !strings.HasSuffix(variable.Name, "_ADDR") {
			continue
		}
		host, port, err := net.SplitHostPort(variable.Value)
		if err != nil || host != "" || port == "0" {
			problems = append(problems, fmt.Sprintf("%s is %s: in a container it must be a port on all addresses, such as :8080", variable.Name, variable.Value))
			continue
		}
		switch {
		case variable.Name != adminAddr:
			public = append(public, port)
		case !slices.Contains(p.Expose, port):
			problems = append(problems, fmt.Sprintf("it does not expose port %s (%s)", port, adminAddr))
		}
	}
	return append(problems, published(p.Ports, public)...)
}

// published wants exactly these ports of the container to be published.
func published(ports []types.ServicePortConfig, want []string) []string {
	var problems, got []string
	for _, port := range ports {
		target := strconv.FormatUint(uint64(port.Target), 10)
		got = append(got, target)
		if !slices.Contains(want, target) {
			problems = append(problems, fmt.Sprintf("it publishes port %s, where nobody listens for the public", target))
		}
	}
	for _, port := range want {
		if !slices.Contains(got, port) {
			problems = append(problems, fmt.Sprintf("it does not publish port %s, where it listens", port))
		}
	}
	return problems
}
