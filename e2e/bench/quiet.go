package main

import (
	"context"
	"fmt"
	"time"

	"github.com/longshore-io/longshore/e2e/bench/internal/proc"
	"github.com/longshore-io/longshore/e2e/bench/internal/redisload"
	"github.com/longshore-io/longshore/e2e/bench/internal/report"
	"github.com/longshore-io/longshore/e2e/bench/internal/rig"
)

// idleTime is how long the idle stack is observed.
const idleTime = 10 * time.Second

// measureQuiet measures a stack that has little to do: first small imports, then nothing at all.
func (b *bench) measureQuiet(ctx context.Context) error {
	if !b.opts.measures(partLatency) && !b.opts.measures(partIdle) {
		return nil
	}
	if err := b.rig.Fresh(ctx); err != nil {
		return err
	}
	return b.rig.WithStack(ctx, func(ctx context.Context, stack *rig.Stack) error {
		if _, err := b.warmUp(ctx, stack); err != nil {
			return err
		}
		if b.opts.measures(partLatency) {
			if err := b.measureLatency(ctx, stack); err != nil {
				return fmt.Errorf("measuring small imports: %w", err)
			}
		}
		if b.opts.measures(partIdle) {
			if err := b.measureIdle(ctx, stack); err != nil {
				return fmt.Errorf("measuring the idle stack: %w", err)
			}
		}
		return nil
	})
}

func (b *bench) measureIdle(ctx context.Context, stack *rig.Stack) error {
	b.say.Printf("observing the idle stack for %v", idleTime)
	resident, err := proc.Settled(ctx, stack.Pids())
	if err != nil {
		return err
	}
	watch, err := proc.Start(stack.Pids())
	if err != nil {
		return err
	}
	before, start, readErr := b.readRedis(ctx)
	timer := time.NewTimer(idleTime)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	after, end, err := b.readRedis(ctx)
	uses, watchErr := watch.Stop()
	for _, err := range []error{context.Cause(ctx), readErr, err, watchErr} {
		if err != nil {
			return err
		}
	}
	b.result.Idle = b.idleOf(after.Since(before), end.Sub(start), used(stack, uses))
	if b.result.Idle.OtherClients, err = redisload.Others(ctx, b.rig.Redis); err != nil {
		return err
	}
	for n := range resident {
		b.result.Idle.Processes[n].Idle = resident[n]
	}
	return nil
}

func (b *bench) readRedis(ctx context.Context) (redisload.Load, time.Time, error) {
	load, err := redisload.Read(ctx, b.rig.Redis)
	return load, time.Now(), err
}

func (b *bench) idleOf(load redisload.Load, observed time.Duration, processes []report.Process) *report.Idle {
	idle := &report.Idle{Observed: report.In(observed), Importers: b.rig.Importers, RedisCPU: report.In(load.CPU), Processes: processes}
	for _, name := range load.Commands() {
		idle.Commands = append(idle.Commands, report.Command{Name: name, Calls: load.Calls[name]})
	}
	return idle
}
