package main

import (
	"context"
	"fmt"
	"time"

	"github.com/longshore-io/longshore/e2e/bench/internal/proc"
	"github.com/longshore-io/longshore/e2e/bench/internal/report"
	"github.com/longshore-io/longshore/e2e/bench/internal/rig"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/tool"
)

// collection is the one that is imported into, and table its target.
const (
	collection = "tools"
	table      = "xforce.tools"
)

// measureLoads measures the import of the file on a stack that was just started, and, if that is asked for, of the same
// file again.
func (b *bench) measureLoads(ctx context.Context, path string, i *report.Import) error {
	if err := b.rig.Fresh(ctx); err != nil {
		return err
	}
	return b.rig.WithStack(ctx, func(ctx context.Context, stack *rig.Stack) error {
		idle, err := b.warmUp(ctx, stack)
		if err != nil {
			return err
		}
		for _, kind := range []report.Kind{report.New, report.Again} {
			if kind == report.Again && !b.opts.measures(partAgain) {
				break
			}
			load, err := b.measureLoad(ctx, stack, path, *i, kind)
			if err != nil {
				return err
			}
			for n := range load.Processes {
				load.Processes[n].Idle = idle[n]
			}
			i.Loads = append(i.Loads, load)
		}
		return nil
	})
}

// warmUp imports the sample, so that everything that is made once is made, empties the tables again and returns what is
// resident then.
func (b *bench) warmUp(ctx context.Context, stack *rig.Stack) (idle []int64, err error) {
	api := client.New(stack.Base)
	defer api.Close()
	accepted, err := api.Import(ctx, collection, jsonBody(tool.Sample()))
	if err != nil {
		return nil, fmt.Errorf("warming up: %w", err)
	}
	if _, err := follow(ctx, api, accepted.OperationLocation); err != nil {
		return nil, fmt.Errorf("warming up: %w", err)
	}
	if err := b.rig.Fresh(ctx); err != nil {
		return nil, err
	}
	return proc.Settled(ctx, stack.Pids())
}

func jsonBody(tools []tool.Tool) client.RequestBody {
	return client.RequestBody{Type: "application/json", Content: tool.JSON(tools...)}
}

func (b *bench) measureLoad(ctx context.Context, stack *rig.Stack, path string, i report.Import, kind report.Kind) (report.Load, error) {
	load := report.Load{Kind: kind}
	if err := b.rig.Checkpoint(ctx); err != nil {
		return load, err
	}
	api := client.New(stack.Base)
	defer api.Close()
	watch, err := proc.Start(stack.Pids())
	if err != nil {
		return load, err
	}
	start := time.Now()
	accepted, err := upload(ctx, api, path)
	acceptance := time.Now()
	var end client.Monitor
	if err == nil {
		end, err = follow(ctx, api, accepted.OperationLocation)
	}
	finish := time.Now()
	uses, watchErr := watch.Stop()
	if err != nil {
		return load, err
	}
	if watchErr != nil {
		return load, watchErr
	}
	load.Upload, load.Processing = report.In(acceptance.Sub(start)), report.In(finish.Sub(acceptance))
	load.Answers = api.Seen(accepted.OperationLocation)
	load.Processes = used(stack, uses)
	b.say.Printf("run %d: import of %d records (%s) in %.2f s + %.2f s", i.Run, i.Records, kind, load.Upload, load.Processing)
	return load, b.verify(ctx, end, i.Records, kind)
}

func used(stack *rig.Stack, uses []proc.Use) []report.Process {
	processes := make([]report.Process, len(uses))
	for n, p := range stack.Processes {
		processes[n] = report.Process{Service: p.Service, Name: p.Name, Peak: uses[n].Peak, CPU: report.In(uses[n].CPU)}
	}
	return processes
}

// verify holds the end of an import against the table: a figure of a wrong import is worth nothing.
func (b *bench) verify(ctx context.Context, end client.Monitor, records int, kind report.Kind) error {
	want := client.Counts{Total: records, Imported: records}
	if kind == report.New {
		want.Created = records
	} else {
		want.Updated = records
	}
	if end.Counts != want {
		return fmt.Errorf("the import ended with %+v, not with %+v", end.Counts, want)
	}
	const query = "SELECT count(*), count(*) FILTER (WHERE import_number = (SELECT number FROM xforce.tasks WHERE task_id = $1)) FROM " + table
	var rows, ours int
	if err := b.rig.Conn.QueryRow(ctx, query, end.ID).Scan(&rows, &ours); err != nil {
		return fmt.Errorf("counting the imported records: %w", err)
	}
	if rows != records || ours != records {
		return fmt.Errorf("of %d records the table holds %d, %d of them by this import", records, rows, ours)
	}
	return nil
}
