package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/e2e/bench/internal/bare"
	"github.com/longshore-io/longshore/e2e/bench/internal/corpus"
	"github.com/longshore-io/longshore/e2e/bench/internal/proc"
	"github.com/longshore-io/longshore/e2e/bench/internal/report"
	"github.com/longshore-io/longshore/e2e/bench/internal/rig"
)

// bench is a benchmark under way.
type bench struct {
	opts   options
	rig    *rig.Rig
	result *report.Report
	say    *process.Lines
}

// listenTime is for how long the machine is observed before a run.
const listenTime = 2 * time.Second

// nameWidth is the width of the longest name before a line of the log: "importer-1".
const nameWidth = 10

// measure measures what the options ask for. What it does is said, a line each.
func measure(ctx context.Context, opts options, log io.Writer) (result *report.Report, err error) {
	console := process.NewConsole(log, nameWidth)
	rigged := rig.Options{DatabaseURL: opts.databaseURL, RedisURL: opts.redisURL, Programs: opts.programs, Importers: opts.importers}
	if opts.verbose {
		rigged.Console = console
	}
	r, err := rig.Open(ctx, rigged)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close(ctx)) }()
	b := &bench{opts: opts, rig: r, result: &report.Report{}, say: console.Lines("bench")}
	if err := b.setUp(ctx); err != nil {
		return nil, err
	}
	if err := b.measureImports(ctx); err != nil {
		return nil, err
	}
	if err := b.measureQuiet(ctx); err != nil {
		return nil, err
	}
	b.result.Judge()
	return b.result, nil
}

func (b *bench) setUp(ctx context.Context) error {
	if err := bare.Prepare(ctx, b.rig.Conn); err != nil {
		return err
	}
	lines, err := b.rig.Describe(ctx)
	if err != nil {
		return err
	}
	rows := "rows in the order of the file"
	if b.opts.keyOrder {
		rows = "rows of a transaction in key order"
	}
	b.result.Setup = slices.Concat(lines, []string{
		fmt.Sprintf("records from seed %d, keys in %s order; files and tables on this machine, the client too", b.opts.seed, b.opts.order),
		"every measurement begins with empty tables (TRUNCATE) and a CHECKPOINT; an import of the same again with a CHECKPOINT alone",
		"one COPY that does not count comes before all others",
		"bare COPY: one connection, binary, 5,000 rows a transaction, " + rows + ", ready in memory, services stopped",
	})
	return nil
}

// measureImports measures every size as often as it is asked for.
func (b *bench) measureImports(ctx context.Context) (err error) {
	if !b.opts.measures(partBaseline) && !b.opts.measures(partImport) {
		return nil
	}
	folder, err := os.MkdirTemp(b.opts.folder, "longshore-bench-records-")
	if err != nil {
		return fmt.Errorf("making a folder for the records: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	for _, size := range b.opts.sizes {
		if err := b.measureSize(ctx, size, filepath.Join(folder, "records.ndjson")); err != nil {
			return fmt.Errorf("measuring %d records: %w", size, err)
		}
	}
	return nil
}

func (b *bench) measureSize(ctx context.Context, size int, path string) (err error) {
	b.say.Printf("generating %d records", size)
	bytes, err := corpus.New(b.opts.seed, b.opts.order).WriteFile(ctx, path, size)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(path)) }()
	if err := b.warmUpPostgres(ctx, path); err != nil {
		return err
	}
	for run := range b.opts.runs {
		measured, err := b.measureRun(ctx, path, report.Import{Run: run + 1, Records: size, Bytes: bytes})
		if err != nil {
			return err
		}
		b.result.Imports = append(b.result.Imports, measured)
	}
	return nil
}

// measureRun measures bare COPY on both sides of the import, because a machine's mood changes.
func (b *bench) measureRun(ctx context.Context, path string, i report.Import) (_ report.Import, err error) {
	if i.Disturbance, err = proc.Busy(ctx, listenTime); err != nil {
		return i, err
	}
	compare := b.opts.measures(partBaseline)
	if compare {
		if err := b.measureBaseline(ctx, path, &i); err != nil {
			return i, err
		}
	}
	if b.opts.measures(partImport) {
		if err := b.measureLoads(ctx, path, &i); err != nil {
			return i, err
		}
	}
	if compare && b.opts.baselines > 1 {
		if err := b.measureBaseline(ctx, path, &i); err != nil {
			return i, err
		}
	}
	return i, b.rig.Fresh(ctx)
}
