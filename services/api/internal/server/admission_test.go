package server

import (
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/services/api/internal/admission"
)

// noLimits returns a gate that admits everything.
func noLimits() *admission.Gate { return admission.New(admission.Limits{}, metrics.NewAdmission()) }
