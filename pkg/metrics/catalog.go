package metrics

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/job"
)

// Catalog returns one of every collector, each showing an example: what dashboards, alerts and documents name is held against it. Their
// values mean nothing.
func Catalog() []prometheus.Collector {
	return append(catalogOfWork(),
		NewBuild("example", "0.0.0"),
		Pools{"postgres": func() Pool { return Pool{Most: 1} }},
		NewReady("example", func(context.Context) bool { return true }),
		NewPostgres(func(context.Context) error { return nil }),
		NewRedis(func(context.Context) error { return nil }),
		NewRedisMemory(func(context.Context) (int64, int64, error) { return 1, 1, nil }),
		NewQueues(func(context.Context) ([]job.QueueStats, error) { return []job.QueueStats{{Name: job.QueueImports}}, nil }),
		NewBacklog(func(context.Context) (job.Stats, error) { return job.Stats{}, nil }),
	)
}

func catalogOfWork() []prometheus.Collector {
	finished, steps, duties := NewFinished(), NewSteps(), NewDuties()
	finished.Count(uuid.Nil, operation.Import, operation.Failed)
	steps.Begin(context.Background(), job.Import)(StepCommitted)
	duties.Took("dispatch", time.Second, nil)
	duties.Rescued("dispatch", 1)
	return []prometheus.Collector{finished, steps, duties, NewRecords("tools"), catalogOfRequests()}
}

func catalogOfRequests() *Requests {
	requests := NewRequests()
	requests.Begin()(Answered{Method: http.MethodGet, Route: NoRoute, Status: http.StatusNotFound, Took: time.Second})
	requests.Accepted(&operation.Operation{Kind: operation.Import, Collection: "tools"}, time.Second)
	return requests
}
