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

// The bounds of a document, which is for people.
const (
	// maxImports is how many imports a report on the latest ones tells of.
	maxImports = 100
	// maxGroups is how many groups of failures are shown, the biggest first; how many more there are is told.
	maxGroups = 200
	// shownRecord is how many bytes are shown of the first record of a group.
	shownRecord = 300
)

func (m *Builder) writeDocument(ctx context.Context, j reportJob, out io.Writer) error {
	made, err := m.document(ctx, j)
	if err != nil {
		return err
	}
	return made.Write(out, j.request.Format)
}

func (m *Builder) document(ctx context.Context, j reportJob) (document.Document, error) {
	if j.request.Report == report.Import {
		return m.importDocument(ctx, j.request.Operation)
	}
	return m.importsDocument(ctx)
}

func (m *Builder) importDocument(ctx context.Context, id uuid.UUID) (document.Document, error) {
	op, err := m.store.Operation(ctx, id)
	if fault.Is(err, fault.NotFound) || err == nil && (op.Expired || op.Kind != operation.Import) {
		return document.Document{}, end("ImportGone", "The import is gone, and its records with it.")
	}
	if err != nil {
		return document.Document{}, err
	}
	failures, err := m.store.GroupFailures(ctx, []uuid.UUID{op.ID}, maxGroups, shownRecord)
	if err != nil {
		return document.Document{}, err
	}
	now := m.now()
	return document.Document{
		Title: fmt.Sprintf("Import %d into %s", op.Number, op.Collection),
		Made:  now,
		Sections: []document.Section{
			{Title: "The import", Facts: importFacts(op, now)},
			{Title: "Its records", Table: outcomeTable(op.Counts)},
			failureSection(failures, nil),
		},
	}, nil
}

func (m *Builder) importsDocument(ctx context.Context) (document.Document, error) {
	ops, err := m.store.List(ctx, store.Filter{Kind: operation.Import, Limit: maxImports})
	if err != nil {
		return document.Document{}, err
	}
	ids := make([]uuid.UUID, len(ops))
	numbers := make(map[uuid.UUID]int64, len(ops))
	for i, op := range ops {
		ids[len(ops)-1-i] = op.ID // the earliest first: its failures are the first
		numbers[op.ID] = op.Number
	}
	failures, err := m.store.GroupFailures(ctx, ids, maxGroups, shownRecord)
	if err != nil {
		return document.Document{}, err
	}
	now := m.now()
	return document.Document{
		Title: "The latest imports",
		Made:  now,
		Sections: []document.Section{
			{Title: "In all", Facts: totals(ops), Note: fmt.Sprintf("The latest imports that are kept, at most %d.", maxImports)},
			{Title: "Imports", Table: importsTable(ops, now)},
			failureSection(failures, numbers),
		},
	}, nil
}
