// Package routes is the one table of what the api answers: every dialect's routes and every way in.
package routes

import (
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/config"
	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
	"github.com/longshore-io/longshore/services/api/internal/dialect/google"
	"github.com/longshore-io/longshore/services/api/internal/dialect/tasks"
	"github.com/longshore-io/longshore/services/api/internal/dialect/tools"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/imports"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
	"github.com/longshore-io/longshore/services/api/internal/reports"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
	"github.com/longshore-io/longshore/services/api/internal/searches"
	"github.com/longshore-io/longshore/services/api/internal/uploads"
)

// Deps are what the routes work with.
type Deps struct {
	Config      config.Config
	Store       *store.Store
	Redis       *queue.Redis
	Monitor     *monitor.Monitor
	Collections *collection.Catalog
	Log         *slog.Logger
	Now         func() time.Time
}

// Table lists all routes, each package's own together.
func Table(d Deps) [][]edge.Route {
	addresses := edge.NewAddresses(d.Config.PublicURL)
	pacer := retryafter.New(d.Now).WithBacklog(d.Store)
	policy := d.Config.Policy()
	dispatcher := queue.NewDispatcher(d.Redis)
	answers := imports.Answers{Addresses: addresses, Pacer: pacer, Watcher: d.Monitor}
	return [][]edge.Route{
		imports.New(imports.Deps{
			Store: d.Store, Dispatcher: dispatcher, Collections: d.Collections, Log: d.Log, Policy: policy, Answers: answers,
		}, d.Config.Imports()).Routes(),
		uploads.New(uploads.Deps{
			Store: d.Store, Dispatcher: dispatcher, Collections: d.Collections, Log: d.Log, Policy: policy, Addresses: addresses, Answers: answers,
		}, d.Config.Uploads()).Routes(),
		tools.New(d.Monitor, d.Store, d.Collections, addresses, pacer, d.Config.MaxErrors).Routes(),
		azure.New(azure.Deps{
			Monitor: d.Monitor, Store: d.Store, Collections: d.Collections,
			Addresses: addresses, Pacer: pacer, Policy: policy, Outputs: outputs(),
		}).Routes(),
		google.New(d.Monitor, addresses, pacer, outputs()).Routes(),
		tasks.New(d.Monitor, addresses, pacer, outputs()).Routes(),
		searches.New(searches.Deps{
			Monitor: d.Monitor, Store: d.Store, Dispatcher: dispatcher, Collections: d.Collections,
			Addresses: addresses, Pacer: pacer, Policy: policy, Log: d.Log,
		}, d.Config.Search()).Routes(),
		reports.New(reports.Deps{
			Monitor: d.Monitor, Store: d.Store, Dispatcher: dispatcher, Collections: d.Collections,
			Addresses: addresses, Pacer: pacer, Policy: policy, Log: d.Log, UploadRate: d.Config.Search().UploadRate,
		}).Routes(),
	}
}
