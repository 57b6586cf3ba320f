package reports

import (
	"context"
	"strings"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// source is what a report refers to.
type source struct {
	// table is the collection whose table an export reads; nil if it reads none.
	table *collection.Collection
	// operation is the import or the search that the report is about; nil if it is about neither.
	operation *operation.Operation
}

// check checks what a report refers to, and returns it.
func (h *Handler) check(ctx context.Context, request report.Request) (s source, err error) {
	switch request.Report {
	case report.Records:
		s.table, err = h.checkRecords(ctx, request)
	case report.Import:
		s.operation, err = h.checkOperation(ctx, request, operation.Import)
	case report.Search:
		s.operation, err = h.checkOperation(ctx, request, operation.Search)
	case report.Imports: // of all collections
		err = access.RequireCollection(ctx, "")
	}
	return s, err
}

// checkRecords checks the collection and the query of an export.
func (h *Handler) checkRecords(ctx context.Context, request report.Request) (*collection.Collection, error) {
	if err := access.RequireCollection(ctx, request.Collection); err != nil {
		return nil, err
	}
	target, ok := h.Collections.Get(edge.Tenant(ctx), request.Collection)
	if !ok {
		names := edge.CollectionNames(ctx, h.Collections)
		return nil, fault.New(fault.Invalid, "invalid-report", "There is no collection called %q. There are %s.", request.Collection, strings.Join(names, ", ")).
			With("pointer", "/collection").With("collections", names)
	}
	if err := target.Require(collection.Export); err != nil {
		return nil, err
	}
	q, err := query.Parse(request.Search(), target, 0)
	if err != nil {
		return nil, err
	}
	_, err = h.Store.PrepareScan(ctx, target, q)
	return target, err
}

// checkOperation checks that the operation exists and is of the kind, that the client may read its
// records, and that a search has succeeded, so that its results are final.
func (h *Handler) checkOperation(ctx context.Context, request report.Request, kind operation.Kind) (*operation.Operation, error) {
	op, err := h.Monitor.Find(ctx, request.Operation)
	switch {
	case fault.Is(err, fault.NotFound) || err == nil && op.Kind != kind:
		return nil, fault.New(fault.Invalid, "invalid-report", "There is no %s with the id %s.", kind, request.Operation).With("pointer", "/operation")
	case err != nil:
		return nil, err
	case kind == operation.Search && !op.State.Terminal():
		return nil, fault.New(fault.Conflict, "search-unfinished", "The search is not finished. Wait for its end, then start the report.").
			With("pointer", "/operation").RetryAfter(h.Estimator.After(ctx, op))
	case kind == operation.Search && op.State != operation.Succeeded:
		return nil, fault.New(fault.Conflict, "search-unsuccessful", "The search did not succeed, so there is nothing to export.").
			With("pointer", "/operation").With("final_state", op.State)
	}
	return op, submission.RequireReader(access.Of(ctx), h.Collections, op)
}
