// Package routes combines the routes of all packages of the api into one table.
package routes

import (
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/catalog"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/audit"
	"github.com/longshore-io/longshore/services/api/internal/collections"
	"github.com/longshore-io/longshore/services/api/internal/config"
	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
	"github.com/longshore-io/longshore/services/api/internal/dialect/google"
	"github.com/longshore-io/longshore/services/api/internal/dialect/tasks"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/fit"
	"github.com/longshore-io/longshore/services/api/internal/imports"
	"github.com/longshore-io/longshore/services/api/internal/imports/multipart"
	"github.com/longshore-io/longshore/services/api/internal/keys"
	"github.com/longshore-io/longshore/services/api/internal/limits"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
	"github.com/longshore-io/longshore/services/api/internal/reports"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
	"github.com/longshore-io/longshore/services/api/internal/searches"
	"github.com/longshore-io/longshore/services/api/internal/submission"
	"github.com/longshore-io/longshore/services/api/internal/tokens"
)

// Deps are the dependencies of all routes.
type Deps struct {
	Config      config.Config
	Store       *store.Store
	Redis       *queue.Redis
	Monitor     *monitor.Monitor
	Collections *catalog.Catalog
	Storage     *admission.Storage
	Meters      *limits.Meters
	Log         *slog.Logger
	Now         func() time.Time
}

// table collects routes, and the first error of a constructor.
type table struct {
	routes [][]edge.Route
	err    error
}

// add adds the routes of a package; its arguments are the results of the package's constructor.
func (t *table) add(routes interface{ Routes() []edge.Route }, err error) {
	if t.err == nil && err == nil {
		t.routes = append(t.routes, routes.Routes())
	}
	if t.err == nil {
		t.err = err
	}
}

// Table returns all routes, grouped by package, or an error if a dependency is missing.
func Table(d Deps) ([][]edge.Route, error) {
	addresses := edge.NewAddresses(d.Config.PublicURL)
	estimator := retryafter.New(d.Now).WithBacklog(d.Store)
	policy := d.Config.Policy()
	dispatcher := submission.NewSharedDispatcher(queue.NewDispatcher(d.Redis), d.Store, d.Config.Shares, d.Log)
	checker := fit.New(d.Store)
	var t table

	importsHandler, err := imports.New(imports.Deps{
		Monitor: d.Monitor, Store: d.Store, Dispatcher: dispatcher, Collections: d.Collections.Catalog, Addresses: addresses,
		Estimator: estimator, Policy: policy, Storage: d.Storage, Fit: checker, Log: d.Log, Options: d.Config.Imports(),
	})
	t.add(importsHandler, err)
	t.add(multipart.New(multipart.Deps{
		Store: d.Store, Dispatcher: dispatcher, Collections: d.Collections.Catalog, Addresses: addresses, Policy: policy, Log: d.Log,
		Imports: importsHandler, Storage: d.Storage, Fit: checker, Options: d.Config.Uploads(),
	}))
	t.add(azure.New(azure.Deps{
		Monitor: d.Monitor, Store: d.Store, Collections: d.Collections.Catalog, Addresses: addresses, Estimator: estimator, Policy: policy,
	}))
	if d.Config.Serves(config.Google) {
		t.add(google.New(google.Deps{Monitor: d.Monitor, Addresses: addresses, Estimator: estimator}))
	}
	if d.Config.Serves(config.Tasks) {
		t.add(tasks.New(tasks.Deps{Monitor: d.Monitor, Addresses: addresses, Estimator: estimator, ChangesByGet: d.Config.Browsers.ChangesByGet}))
	}
	t.add(searches.New(searches.Deps{
		Monitor: d.Monitor, Store: d.Store, Dispatcher: dispatcher, Collections: d.Collections.Catalog, Addresses: addresses,
		Estimator: estimator, Policy: policy, Log: d.Log, Options: d.Config.Search(),
	}))
	t.add(reports.New(reports.Deps{
		Monitor: d.Monitor, Store: d.Store, Dispatcher: dispatcher, Collections: d.Collections.Catalog, Addresses: addresses,
		Estimator: estimator, Policy: policy, Log: d.Log, UploadRate: d.Config.Search().UploadRate,
	}))
	t.add(keys.New(keys.Deps{Store: d.Store, Log: d.Log, UploadRate: d.Config.Search().UploadRate}))
	t.add(collections.New(collections.Deps{
		Store: d.Store, Collections: d.Collections.Catalog, Refresh: d.Collections.Refresh, UploadRate: d.Config.Search().UploadRate,
	}))
	t.add(audit.NewLog(d.Store, addresses), nil)
	t.add(limits.NewHandler(d.Meters), nil)
	t.add(tokens.New(tokens.Deps{
		Store: d.Store, Log: d.Log, UploadRate: d.Config.Search().UploadRate, SessionLifetime: d.Config.Access.SessionLifetime,
	}))
	return t.routes, t.err
}
