package server

import (
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/web"
	"github.com/longshore-io/longshore/services/api/internal/admission"
)

// noLimits returns a gate that admits everything.
func noLimits() *admission.Gate { return admission.New(admission.Limits{}, metrics.NewAdmission()) }

// testGuard returns a guard for the hosts of the tests' requests.
func testGuard() *web.Guard {
	guard, err := web.NewGuard(web.Options{Hosts: []string{"example.com", "api", "x"}, Origins: []string{"https://app.example"}, Proxies: []string{"192.0.2.7"}})
	if err != nil {
		panic(err)
	}
	return guard
}
