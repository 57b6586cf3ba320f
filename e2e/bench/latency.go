package main

import (
	"context"
	"fmt"
	"time"

	"github.com/longshore-io/longshore/e2e/bench/internal/report"
	"github.com/longshore-io/longshore/e2e/bench/internal/rig"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/tool"
)

const (
	// smallImports is how many small imports are measured.
	smallImports = 50
	// tightInterval is how often a small import is asked for its status: its end is to be seen when it comes.
	tightInterval = 5 * time.Millisecond
)

// measureLatency imports the five tools of the sample under ever new keys, one import after the other.
func (b *bench) measureLatency(ctx context.Context, stack *rig.Stack) error {
	b.say.Printf("importing the sample %d times", smallImports)
	api := client.New(stack.Base)
	defer api.Close()
	var accepted, completed, whole []time.Duration
	for n := range smallImports {
		sample := numberedSample(n)
		start := time.Now()
		answer, err := api.Import(ctx, collection, jsonBody(sample))
		if err != nil {
			return err
		}
		acceptance := time.Now()
		if err := awaitCompleted(ctx, api, answer.Location, len(sample)); err != nil {
			return err
		}
		finish := time.Now()
		accepted = append(accepted, acceptance.Sub(start))
		completed = append(completed, finish.Sub(acceptance))
		whole = append(whole, finish.Sub(start))
	}
	b.result.Latency = &report.Latency{
		Imports: smallImports, Records: len(tool.Sample()),
		Accepted: report.QuantilesOf(accepted), Completed: report.QuantilesOf(completed), Whole: report.QuantilesOf(whole),
	}
	return nil
}

func numberedSample(n int) []tool.Tool {
	sample := tool.Sample()
	for i := range sample {
		sample[i].ID = fmt.Sprintf("%s-%d", sample[i].ID, n)
	}
	return sample
}

func awaitCompleted(ctx context.Context, api *client.Client, location string, records int) error {
	ticker := time.NewTicker(tightInterval)
	defer ticker.Stop()
	for {
		status, err := api.TaskStatus(ctx, location)
		switch {
		case err != nil:
			return err
		case status.Status == "COMPLETED" && status.ImportedRecords != nil && *status.ImportedRecords == records:
			return nil
		case status.Status != "IN_PROGRESS":
			return fmt.Errorf("the import ended as %+v, not with %d records", status, records)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
