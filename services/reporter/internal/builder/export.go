package builder

import (
	"context"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/worker"
	"github.com/longshore-io/longshore/services/reporter/internal/format"
)

// progressInterval is the minimum time between two reports of progress while a file is written.
const progressInterval = 500 * time.Millisecond

// source is the operation whose output contains the records of an export.
type source struct {
	id      uuid.UUID
	records int64
}

// writeRecords writes the records of an export to out, and sets the export's members of written.
func (b *Builder) writeRecords(ctx context.Context, bd build, out io.Writer, written *report.File) error {
	from, err := b.source(ctx, bd)
	if err != nil {
		return err
	}
	target, err := worker.Collection(ctx, b.collections, bd.Collection)
	if err != nil {
		return err
	}
	writer, err := format.New(bd.request.Format, out, target, from.records)
	if err != nil {
		return err
	}
	records, err := b.copyRecords(ctx, bd.ID, from, writer)
	if err != nil {
		return err
	}
	if records != from.records {
		return clientError("RecordsGone", "Of %d records only %d were still there when the file was written. Start the report anew.",
			from.records, records)
	}
	written.Records = &records
	if truncater, ok := writer.(format.Truncater); ok {
		written.CutCells = truncater.Truncated()
	}
	return nil
}

// source returns where the records are: in the report's own output, where it collected them, or in
// that of a search.
func (b *Builder) source(ctx context.Context, bd build) (source, error) {
	if bd.request.Report == report.Records {
		return source{id: bd.ID, records: bd.cursor.Rows}, nil
	}
	search, err := b.store.Operation(ctx, operation.IDIn(bd.Tenant, bd.request.Operation))
	if fault.Is(err, fault.NotFound) || err == nil && (search.Expired || search.State != operation.Succeeded) {
		return source{}, clientError("SearchGone", "The search is gone, and what it found with it. Search again.")
	}
	if err != nil {
		return source{}, err
	}
	extent, err := b.store.OutputExtent(ctx, search.ID, store.RowsStage)
	return source{id: search.ID, records: extent.Rows}, err
}

// copyRecords writes the records block by block, closes the writer and returns the number of
// records. It keeps one block in memory.
func (b *Builder) copyRecords(ctx context.Context, id uuid.UUID, from source, writer format.Writer) (int64, error) {
	copied := int64(0)
	reported := b.now()
	for seq := 0; ; seq++ {
		blocks, err := b.store.Outputs(ctx, from.id, store.RowsStage, seq, 1)
		if err != nil {
			return copied, err
		}
		if len(blocks) == 0 {
			return copied, writer.Close()
		}
		for record := range blocks[0].Lines() {
			if err := writer.Write(record); err != nil {
				return copied, err
			}
			copied++
		}
		if b.now().Sub(reported) < progressInterval {
			continue
		}
		reported = b.now()
		const remaining = writtenPercent - collectedPercent
		percent := collectedPercent + int(copied*remaining/max(from.records, 1))
		if err := b.store.ReportProgress(ctx, id, percent, phaseWriting); err != nil {
			return copied, err
		}
	}
}
