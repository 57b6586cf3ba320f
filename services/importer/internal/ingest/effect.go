package ingest

import (
	"bytes"
	"slices"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// stagedRows are the records of a chunk with their outcomes.
type stagedRows struct {
	firstRow int
	records  [][]byte
	outcomes []operation.Outcome
}

// staged has the records of the chunks of a step, by row.
type staged []stagedRows

// find returns the chunk of a row and the place of the row in it.
func (s staged) find(row int) (chunk *stagedRows, place int) {
	i, found := slices.BinarySearchFunc(s, row, func(c stagedRows, row int) int { return c.firstRow - row })
	if !found {
		i--
	}
	return &s[i], row - s[i].firstRow
}

// effect returns the outcome of each row of the chunks and all rejections, by row. If await is true, records that a
// foreign key refused, or whose row a lookup did not find, stay unprocessed: their parents may follow.
func (s staged) effect(rejected []operation.Rejection, batch *load.Batch, loaded load.Result, await bool) store.Effect {
	for n, outcome := range loaded.Outcomes {
		chunk, place := s.find(batch.Row(n))
		chunk.outcomes[place] = outcome
	}
	for _, r := range loaded.Rejected {
		chunk, place := s.find(r.Row)
		if await && areOrphans(r.Reasons) {
			chunk.outcomes[place] = operation.Unprocessed
			continue
		}
		r.Received = chunk.records[place]
		rejected = append(rejected, r)
	}
	for n, r := range rejected {
		chunk, place := s.find(r.Row)
		chunk.outcomes[place] = operation.Rejected
		rejected[n].Received = bytes.Clone(r.Received) // the next step overwrites the buffers
	}
	slices.SortFunc(rejected, func(a, b operation.Rejection) int { return a.Row - b.Row })
	effect := store.Effect{Rejections: rejected, Warnings: loaded.Warnings}
	for _, chunk := range s {
		effect.Outcomes = append(effect.Outcomes, chunk.outcomes...)
	}
	return effect
}

// areOrphans reports whether the reasons to reject a record are only that rows of other tables are missing.
func areOrphans(reasons []operation.Reason) bool {
	return !slices.ContainsFunc(reasons, func(r operation.Reason) bool {
		return r.Code != load.CodeForeignKey && r.Code != load.CodeLookupMissing
	})
}
