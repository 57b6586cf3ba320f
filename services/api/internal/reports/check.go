package reports

import (
	"context"
	"strings"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/report"
)

// check checks what a report refers to, and returns the collection of its records; empty for a
// report on several imports.
func (h *Handler) check(ctx context.Context, request report.Request) (collection string, err error) {
	switch request.Report {
	case report.Records:
		return request.Collection, h.checkRecords(ctx, request)
	case report.Import:
		return h.checkOperation(ctx, request, operation.Import)
	case report.Search:
		return h.checkOperation(ctx, request, operation.Search)
	default:
		return "", nil
	}
}

// checkRecords checks the collection and the query of an export.
func (h *Handler) checkRecords(ctx context.Context, request report.Request) error {
	target, ok := h.Collections.Get(request.Collection)
	if !ok {
		names := h.Collections.Names()
		return fault.New(fault.Invalid, "invalid-report", "There is no collection called %q. There are %s.", request.Collection, strings.Join(names, ", ")).
			With("pointer", "/collection").With("collections", names)
	}
	q, err := query.Parse(request.Search(), target, 0)
	if err != nil {
		return err
	}
	_, err = h.Store.PrepareScan(ctx, target, q)
	return err
}

// checkOperation checks that the operation exists and is of the kind, and that a search has
// succeeded, so that its results are final.
func (h *Handler) checkOperation(ctx context.Context, request report.Request, kind operation.Kind) (collection string, err error) {
	op, err := h.Monitor.Find(ctx, request.Operation)
	switch {
	case fault.Is(err, fault.NotFound) || err == nil && op.Kind != kind:
		return "", fault.New(fault.Invalid, "invalid-report", "There is no %s with the id %s.", kind, request.Operation).With("pointer", "/operation")
	case err != nil:
		return "", err
	case kind == operation.Search && !op.State.Terminal():
		return "", fault.New(fault.Conflict, "search-unfinished", "The search is not finished. Wait for its end, then start the report.").
			With("pointer", "/operation").RetryAfter(h.Estimator.After(ctx, op))
	case kind == operation.Search && op.State != operation.Succeeded:
		return "", fault.New(fault.Conflict, "search-unsuccessful", "The search did not succeed, so there is nothing to export.").
			With("pointer", "/operation").With("final_state", op.State)
	}
	return op.Collection, nil
}
