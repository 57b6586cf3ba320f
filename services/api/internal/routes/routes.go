// Package routes is the one table of what the api answers: every dialect's routes and every way in.
package routes

import (
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/config"
	"github.com/longshore-io/longshore/services/api/internal/dialect/operations"
	"github.com/longshore-io/longshore/services/api/internal/dialect/tools"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/imports"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
	"github.com/longshore-io/longshore/services/api/internal/pace"
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
	pacer := pace.New(d.Now)
	policy := d.Config.Policy()
	dispatcher := queue.NewDispatcher(d.Redis)
	return [][]edge.Route{
		imports.New(imports.Deps{
			Store: d.Store, Dispatcher: dispatcher, Collections: d.Collections,
			Addresses: addresses, Log: d.Log, Pacer: pacer, Policy: policy,
		}, d.Config.Imports()).Routes(),
		tools.New(d.Monitor, d.Store, d.Collections, addresses, pacer, d.Config.MaxErrors).Routes(),
		operations.New(d.Monitor, d.Store, d.Collections, addresses, pacer).Routes(),
	}
}
