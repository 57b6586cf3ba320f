package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/longshore-io/longshore/e2e/bench/internal/report"
	"github.com/longshore-io/longshore/e2e/bench/internal/system"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/tool"
)

const (
	// idleTime is how long the idle services are observed.
	idleTime = 10 * time.Second
	// smallImports is the number of small imports.
	smallImports = 50
	// shortPollInterval is the time between two polls of a small import: its end must be seen when it
	// happens.
	shortPollInterval = 5 * time.Millisecond
)

// measureQuiet measures services with little to do: small imports first, then nothing.
func (b *benchmark) measureQuiet(ctx context.Context) error {
	if !b.opts.measures(partLatency) && !b.opts.measures(partIdle) {
		return nil
	}
	if err := b.system.Reset(ctx); err != nil {
		return err
	}
	return b.system.WithServices(ctx, func(ctx context.Context, services *system.Services) error {
		if _, err := b.warmUp(ctx, services); err != nil {
			return err
		}
		if b.opts.measures(partLatency) {
			if err := b.measureLatency(ctx, services); err != nil {
				return fmt.Errorf("measuring small imports: %w", err)
			}
		}
		if b.opts.measures(partIdle) {
			if err := b.measureIdle(ctx, services); err != nil {
				return fmt.Errorf("measuring the idle services: %w", err)
			}
		}
		return nil
	})
}

// measureLatency imports the tools of the sample with new keys each time, one import after the
// other.
func (b *benchmark) measureLatency(ctx context.Context, services *system.Services) error {
	b.log.Printf("importing the sample %d times", smallImports)
	api := client.New(services.Base)
	defer api.Close()
	var accepted, completed, whole []time.Duration
	for n := range smallImports {
		sample := tool.Sample()
		for i := range sample {
			sample[i].ID = fmt.Sprintf("%s-%d", sample[i].ID, n)
		}
		start := time.Now()
		created, err := api.Import(ctx, collection, jsonBody(sample))
		if err != nil {
			return err
		}
		acceptance := time.Now()
		if err := awaitCompleted(ctx, api, created.Location, len(sample)); err != nil {
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

func awaitCompleted(ctx context.Context, api *client.Client, location string, records int) error {
	ticker := time.NewTicker(shortPollInterval)
	defer ticker.Stop()
	for {
		status, err := api.TaskStatus(ctx, location)
		switch {
		case err != nil:
			return err
		case status.Status == "COMPLETED" && status.ImportedRecords != nil && *status.ImportedRecords == records:
			return nil
		case status.Status != "IN_PROGRESS":
			return fmt.Errorf("the status of the import is %+v, not COMPLETED with %d records", status, records)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (b *benchmark) measureIdle(ctx context.Context, services *system.Services) error {
	b.log.Printf("observing the idle services for %v", idleTime)
	resident, err := system.ResidentMemory(ctx, services.Pids())
	if err != nil {
		return err
	}
	watch, err := system.StartWatch(services.Pids())
	if err != nil {
		return err
	}
	before, beforeErr := system.ReadRedisLoad(ctx, b.system.Redis)
	start := time.Now()
	timer := time.NewTimer(idleTime)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	after, afterErr := system.ReadRedisLoad(ctx, b.system.Redis)
	observed := time.Since(start)
	usages, watchErr := watch.Stop()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	others, othersErr := system.OtherClients(ctx, b.system.Redis)
	if err := errors.Join(beforeErr, afterErr, watchErr, othersErr); err != nil {
		return err
	}
	load := after.Since(before)
	b.result.Idle = &report.Idle{
		Observed: report.ToSeconds(observed), Importers: b.system.Importers, Commands: commandsOf(load.Calls),
		RedisCPU: report.ToSeconds(load.CPU), OtherClients: others, Processes: processesOf(services, usages),
	}
	for n := range resident {
		b.result.Idle.Processes[n].Idle = resident[n]
	}
	return nil
}

// commandsOf returns the commands, the most frequent first.
func commandsOf(calls map[string]int64) (commands []report.Command) {
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		commands = append(commands, report.Command{Name: name, Calls: calls[name]})
	}
	slices.SortStableFunc(commands, func(a, b report.Command) int { return int(b.Calls - a.Calls) })
	return commands
}
