package compose

import (
	"fmt"
	"net/url"

	"github.com/compose-spec/compose-go/v2/types"
)

// The variables that tell a program where its servers are.
const (
	databaseURL = "DATABASE_URL"
	redisURL    = "REDIS_URL"
)

// database wants the address of a Postgres in the file, with the login that this Postgres was made with.
func database(s plan, p program) []string {
	address, there, problems := s.address(p, databaseURL, postgres)
	if len(problems) > 0 || address == nil {
		return problems
	}
	password, _ := address.User.Password()
	for variable, got := range map[string]string{
		"POSTGRES_USER": address.User.Username(), "POSTGRES_PASSWORD": password, "POSTGRES_DB": address.Path[1:],
	} {
		if want := there.Environment[variable]; want == nil || *want != got {
			problems = append(problems, fmt.Sprintf("its %s does not agree with %s of %s", databaseURL, variable, there.Name))
		}
	}
	return problems
}

// doorbell wants the address of a Redis in the file.
func doorbell(s plan, p program) []string {
	_, _, problems := s.address(p, redisURL, redis)
	return problems
}

// ports are where the servers listen, in their containers.
var ports = map[string]string{postgres: "5432", redis: "6379"}

// address reads a variable that names a server, and finds the server. There is neither if the program is not told any.
func (p plan) address(of program, variable, scheme string) (address *url.URL, there types.ServiceConfig, problems []string) {
	value := of.Environment[variable]
	if value == nil {
		return nil, there, nil
	}
	address, err := url.Parse(*value)
	if err != nil || address.Scheme != scheme || address.Path == "" {
		return nil, there, []string{fmt.Sprintf("its %s is not an address such as %s://host:port/name", variable, scheme)}
	}
	there, found := p.project.Services[address.Hostname()]
	switch {
	case !found:
		problems = append(problems, fmt.Sprintf("its %s names %s, which is no service of the file", variable, address.Hostname()))
	case address.Port() != ports[scheme]:
		problems = append(problems, fmt.Sprintf("its %s names port %q, not %s", variable, address.Port(), ports[scheme]))
	case !meet(of.ServiceConfig, there):
		problems = append(problems, fmt.Sprintf("it has no network with %s in common", there.Name))
	}
	return address, there, problems
}

// meet says whether two services share a network.
func meet(a, b types.ServiceConfig) bool {
	for network := range a.Networks {
		if _, both := b.Networks[network]; both {
			return true
		}
	}
	return false
}
