package builder

import (
	"context"
	"fmt"
	"io"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/reporter/internal/document"
)

// The limits of a document.
const (
	// maxImports is the number of imports in a report on the latest imports.
	maxImports = 100
	// maxGroups is the number of groups of failures shown, the largest first. The document states
	// how many are omitted.
	maxGroups = 200
	// maxRecordBytes is the number of bytes shown of a group's first record.
	maxRecordBytes = 300
)

// writeDocument writes a report on one import or on the latest imports.
func (b *Builder) writeDocument(ctx context.Context, bd build, out io.Writer) error {
	var doc document.Document
	var err error
	if bd.request.Report == report.Import {
		doc, err = b.importDocument(ctx, operation.IDIn(bd.Tenant, bd.request.Operation))
	} else {
		doc, err = b.importsDocument(ctx, bd.Tenant)
	}
	if err != nil {
		return err
	}
	return doc.Write(out, bd.request.Format)
}

func (b *Builder) importDocument(ctx context.Context, id uuid.UUID) (document.Document, error) {
	op, err := b.store.Operation(ctx, id)
	if fault.Is(err, fault.NotFound) || err == nil && (op.Expired || op.Kind != operation.Import) {
		return document.Document{}, clientError("ImportGone", "The import is gone, and its records with it.")
	}
	if err != nil {
		return document.Document{}, err
	}
	failures, err := b.store.GroupFailures(ctx, []uuid.UUID{op.ID}, maxGroups, maxRecordBytes)
	if err != nil {
		return document.Document{}, err
	}
	now := b.now()
	return document.Document{
		Title: fmt.Sprintf("Import %d into %s", op.ShownNumber(), op.Collection),
		AsOf:  now,
		Sections: []document.Section{
			{Title: "The import", Facts: importFacts(op, now)},
			{Title: "Its records", Table: outcomeTable(op.Counts)},
			failureSection(failures, nil),
		},
	}, nil
}

func (b *Builder) importsDocument(ctx context.Context, tenant string) (document.Document, error) {
	latest, err := b.store.List(ctx, store.Filter{Tenant: tenant, Kind: operation.Import, Limit: maxImports})
	if err != nil {
		return document.Document{}, err
	}
	ops := latest.Operations
	ids := make([]uuid.UUID, len(ops))
	numbers := make(map[uuid.UUID]int64, len(ops))
	for i, op := range ops {
		ids[len(ops)-1-i] = op.ID // oldest first, so that a group shows its oldest failure
		numbers[op.ID] = op.ShownNumber()
	}
	failures, err := b.store.GroupFailures(ctx, ids, maxGroups, maxRecordBytes)
	if err != nil {
		return document.Document{}, err
	}
	now := b.now()
	return document.Document{
		Title: "The latest imports",
		AsOf:  now,
		Sections: []document.Section{
			{Title: "In all", Facts: totalFacts(ops), Note: fmt.Sprintf("The latest imports that are kept, at most %d.", maxImports)},
			{Title: "Imports", Table: importsTable(ops, now)},
			failureSection(failures, numbers),
		},
	}, nil
}
