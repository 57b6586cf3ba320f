package metrics

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

// Catalog returns one collector of each type, with example values. Dashboards, alerts and documents
// are checked against it.
func Catalog() []prometheus.Collector {
	return append(workCatalog(),
		NewBuild("example", "0.0.0"),
		Pools{"postgres": func() Pool { return Pool{Max: 1} }},
		NewReady("example", func(context.Context) bool { return true }),
		NewPostgres(func(context.Context) error { return nil }),
		NewRedis(func(context.Context) error { return nil }),
		NewRedisMemory(func(context.Context) (int64, int64, error) { return 1, 1, nil }),
		NewTransactions(func(context.Context) (map[string]time.Duration, error) {
			return map[string]time.Duration{"longshore-reporter": time.Second}, nil
		}),
		NewQueues(func(context.Context) ([]job.QueueStats, error) {
			return []job.QueueStats{{Name: job.QueueImports}}, nil
		}),
		NewBacklog(func(context.Context) (job.Stats, error) { return job.Stats{}, nil }),
	)
}

func workCatalog() []prometheus.Collector {
	finished, steps, duties, records := NewFinished(), NewSteps(), NewDuties(), NewRecords("tools")
	records.CountRejected("tools", map[string]int{"required": 1})
	finished.Count(uuid.Nil, operation.Import, operation.Failed)
	steps.Begin(context.Background(), job.Import)(StepCommitted)
	duties.Observe("dispatch", time.Second, nil)
	duties.Rescued("dispatch", 1)
	return []prometheus.Collector{finished, steps, duties, records, NewMisfits(), NewLogins(), requestsCatalog(), admissionCatalog()}
}

func admissionCatalog() *Admission {
	admission := NewAdmission()
	admission.SetLimit("uploads", 1)
	admission.SetUsed("uploads", 1)
	admission.Admitted("uploads")
	return admission
}

func requestsCatalog() *Requests {
	requests := NewRequests()
	requests.Begin()(Request{Method: http.MethodGet, Route: NoRoute, Status: http.StatusNotFound, Duration: time.Second})
	requests.Accepted(&operation.Operation{Kind: operation.Import, Collection: "tools"}, time.Second)
	return requests
}
