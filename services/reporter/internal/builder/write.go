package builder

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/worker"
	"github.com/longshore-io/longshore/services/reporter/internal/file"
	"github.com/longshore-io/longshore/services/reporter/internal/format"
)

// tellInterval is how often progress is told at most while a file is written.
const tellInterval = 500 * time.Millisecond

// write writes the whole file while the report's row is locked. It begins anew what somebody else did not end.
func (m *Builder) write(ctx context.Context, c job.Chunk, j reportJob) (store.Committed, error) {
	var err error
	j.cursor.Stage = writing
	if j.cursor.Writer, err = uuid.NewV7(); err != nil {
		return store.Committed{}, fmt.Errorf("making a writer's id: %w", err)
	}
	if err := m.store.BeginFile(ctx, c, j.cursor.encode()); err != nil {
		return store.Committed{}, err
	}
	return m.store.RunLong(ctx, c, func(ctx context.Context, at store.Checkpoint) (store.Progress, error) {
		held, err := readJob(at)
		if err != nil {
			return store.Progress{}, err
		}
		if held.cursor.Writer != j.cursor.Writer {
			return store.Progress{}, store.ErrLocked // another writer has begun in between
		}
		if held.cursor.File, err = m.writeFile(ctx, held); err != nil {
			return store.Progress{}, err
		}
		held.cursor.Stage = ending
		return store.Progress{Cursor: held.cursor.encode(), Progress: 99, Phase: finishing}, nil
	})
}

func (m *Builder) writeFile(ctx context.Context, j reportJob) (*report.File, error) {
	out := file.New(ctx, m.maxBytes, func(ctx context.Context, p store.OutputBlock) error {
		return m.store.AppendOutput(ctx, j.ID, store.FileStage, p)
	})
	made := &report.File{Name: report.FileName(j.Number, j.request.Format), MediaType: j.request.Format.MediaType()}
	var err error
	if j.request.Report.IsExport() {
		err = m.writeRecords(ctx, j, out, made)
	} else {
		err = m.writeDocument(ctx, j, out)
	}
	if err != nil {
		return nil, err
	}
	if made.Size, made.SHA256, err = out.Close(); err != nil {
		return nil, err
	}
	return made, nil
}

// source is where the records of an export lie.
type source struct {
	id      uuid.UUID
	records int64
}

func (m *Builder) writeRecords(ctx context.Context, j reportJob, out io.Writer, made *report.File) error {
	from, err := m.source(ctx, j)
	if err != nil {
		return err
	}
	target, err := worker.Collection(m.collections, j.Collection)
	if err != nil {
		return err
	}
	writer, err := format.New(j.request.Format, out, target, from.records)
	if err != nil {
		return err
	}
	written, err := m.copyRecords(ctx, j, from, writer)
	if err != nil {
		return err
	}
	if written != from.records {
		return end("RecordsGone", "Of %d records only %d were still there when the file was written. Start the report anew.", from.records, written)
	}
	made.Records = &written
	if cutter, ok := writer.(format.Cutter); ok {
		made.CutCells = cutter.Cut()
	}
	return nil
}

// source finds the records: those that this report collected, or those that a search found.
func (m *Builder) source(ctx context.Context, j reportJob) (source, error) {
	if j.request.Report == report.Records {
		return source{id: j.ID, records: j.cursor.Rows}, nil
	}
	search, err := m.store.Operation(ctx, j.request.Operation)
	if fault.Is(err, fault.NotFound) || err == nil && (search.Expired || search.State != operation.Succeeded) {
		return source{}, end("SearchGone", "The search is gone, and what it found with it. Search again.")
	}
	if err != nil {
		return source{}, err
	}
	found, err := m.store.OutputExtent(ctx, search.ID, store.RowsStage)
	return source{id: search.ID, records: found.Rows}, err
}

// copyRecords reads the records piece by piece, one piece at a time, and returns how many there were.
func (m *Builder) copyRecords(ctx context.Context, j reportJob, from source, writer format.Writer) (int64, error) {
	written := int64(0)
	told := m.now()
	for seq := 0; ; seq++ {
		pieces, err := m.store.Outputs(ctx, from.id, store.RowsStage, seq, 1)
		if err != nil {
			return written, err
		}
		if len(pieces) == 0 {
			return written, writer.Close()
		}
		for line := range bytes.Lines(pieces[0].Bytes) {
			if err := writer.Write(bytes.TrimSuffix(line, []byte("\n"))); err != nil {
				return written, err
			}
			written++
		}
		if m.now().Sub(told) < tellInterval {
			continue
		}
		told = m.now()
		const rest = 99 - collectedPercent
		if err := m.store.ReportProgress(ctx, j.ID, collectedPercent+int(written*rest/max(from.records, 1)), writingFile); err != nil {
			return written, err
		}
	}
}

// end is the last turn: it lets go of what was collected and says what was made. Should the pieces of the file not be whole, because two
// who both believed to hold the lock wrote them, the file is written again.
func (m *Builder) end(ctx context.Context, t *store.ResumableStep) (store.Progress, error) {
	j, err := readJob(t.Checkpoint)
	if err != nil {
		return store.Progress{}, err
	}
	if j.cursor.Stage != ending || j.cursor.File == nil {
		return store.Progress{}, store.ErrLocked // somebody else went on in between: look again
	}
	kept, err := t.Extent(ctx, store.FileStage)
	if err != nil {
		return store.Progress{}, err
	}
	if !kept.Whole || kept.Bytes != j.cursor.File.Size {
		j.cursor.Stage = writing
		return store.Progress{Cursor: j.cursor.encode(), Phase: writingFile}, nil
	}
	if err := t.Clear(ctx, store.RowsStage); err != nil {
		return store.Progress{}, err
	}
	result, err := json.Marshal(j.cursor.File)
	if err != nil {
		return store.Progress{}, fmt.Errorf("writing the result: %w", err)
	}
	return store.Progress{Cursor: j.cursor.encode(), Result: result, Done: true}, nil
}
