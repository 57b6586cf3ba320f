package search

import (
	"context"
	"slices"

	"github.com/longshore-io/longshore/pkg/store"
)

// blockBytes is the maximum size of a block of output with more than one line.
const blockBytes = 256 << 10

// output is the extent of what a search has written to a stage.
type output struct {
	// Returned is the number of lines: records or keys.
	Returned int `json:"returned"`
	// Bytes is their size, including newlines.
	Bytes int64 `json:"bytes"`
	// Blocks is the number of blocks that contain them. Its JSON name is kept for checkpoints that
	// earlier releases stored.
	Blocks int `json:"pieces"`
}

// appendLines writes lines to a stage, after those already written.
func (s *step) appendLines(ctx context.Context, stage string, to *output, lines [][]byte) error {
	for block := range store.LineBlocks(to.Blocks, to.Bytes, lines, blockBytes) {
		if err := s.tx.Append(ctx, stage, block); err != nil {
			return err
		}
		to.Blocks++
		to.Returned += block.Rows
		to.Bytes += int64(len(block.Bytes))
	}
	return nil
}

// replaceLines replaces the contents of a stage by lines.
func (s *step) replaceLines(ctx context.Context, stage string, to *output, lines [][]byte) error {
	if to.Blocks > 0 {
		if err := s.tx.Clear(ctx, stage); err != nil {
			return err
		}
	}
	*to = output{}
	return s.appendLines(ctx, stage, to, lines)
}

// readLines reads the contents of a stage.
func (s *step) readLines(ctx context.Context, stage string, from output) ([][]byte, error) {
	if from.Blocks == 0 {
		return nil, nil
	}
	blocks, err := s.tx.Outputs(ctx, stage, 0, from.Blocks)
	if err != nil {
		return nil, err
	}
	lines := make([][]byte, 0, from.Returned)
	for _, block := range blocks {
		lines = slices.AppendSeq(lines, block.Lines())
	}
	return lines, nil
}
