package builder

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/reporter/internal/file"
)

// write runs a long step that writes the whole file while the report's row is locked. It first
// deletes what another worker has left of an unfinished file.
func (b *Builder) write(ctx context.Context, c job.Chunk, bd build) (store.Committed, error) {
	writer, err := uuid.NewV7()
	if err != nil {
		return store.Committed{}, fmt.Errorf("creating a writer's id: %w", err)
	}
	bd.cursor.Stage, bd.cursor.Writer = stageWrite, writer
	if err := b.store.BeginFile(ctx, c, bd.cursor.encode()); err != nil {
		return store.Committed{}, err
	}
	return b.store.RunLong(ctx, c, func(ctx context.Context, checkpoint store.Checkpoint) (store.Progress, error) {
		locked, err := resume(checkpoint)
		if err != nil {
			return store.Progress{}, err
		}
		if locked.cursor.Writer != writer {
			return store.Progress{}, store.ErrLocked // another writer has started since BeginFile
		}
		if locked.cursor.File, err = b.writeFile(ctx, locked); err != nil {
			return store.Progress{}, err
		}
		locked.cursor.Stage = stageFinish
		return store.Progress{Cursor: locked.cursor.encode(), Progress: writtenPercent, Phase: phaseFinishing}, nil
	})
}

// writeFile writes the file to the output of the report and returns its description.
func (b *Builder) writeFile(ctx context.Context, bd build) (*report.File, error) {
	out := file.New(ctx, b.maxBytes, func(ctx context.Context, block store.OutputBlock) error {
		return b.store.AppendOutput(ctx, bd.ID, store.FileStage, block)
	})
	written := &report.File{Name: report.FileName(bd.ShownNumber, bd.request.Format), MediaType: bd.request.Format.MediaType()}
	var err error
	if bd.request.Report.IsExport() {
		err = b.writeRecords(ctx, bd, out, written)
	} else {
		err = b.writeDocument(ctx, bd, out)
	}
	if err != nil {
		return nil, err
	}
	if written.Size, written.SHA256, err = out.Close(); err != nil {
		return nil, err
	}
	return written, nil
}

// finish is the last step: it deletes the collected records and commits the result. If the blocks
// of the file are incomplete or too many, because two workers wrote them while one of them had
// lost the lock without noticing, the file is written again.
func (b *Builder) finish(ctx context.Context, tx *store.ResumableStep) (store.Progress, error) {
	bd, err := resume(tx.Checkpoint)
	if err != nil {
		return store.Progress{}, err
	}
	if bd.cursor.Stage != stageFinish || bd.cursor.File == nil {
		return store.Progress{}, store.ErrLocked // another worker has run a step since the cursor was read
	}
	extent, err := tx.Extent(ctx, store.FileStage)
	if err != nil {
		return store.Progress{}, err
	}
	if !extent.Whole || extent.Bytes != bd.cursor.File.Size {
		bd.cursor.Stage = stageWrite
		return store.Progress{Cursor: bd.cursor.encode(), Phase: phaseWriting}, nil
	}
	if err := tx.Clear(ctx, store.RowsStage); err != nil {
		return store.Progress{}, err
	}
	result, err := json.Marshal(bd.cursor.File)
	if err != nil {
		return store.Progress{}, fmt.Errorf("encoding the result: %w", err)
	}
	return store.Progress{Cursor: bd.cursor.encode(), Result: result, Done: true}, nil
}
