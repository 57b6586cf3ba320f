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
	"github.com/longshore-io/longshore/e2e/bench/internal/corpus"
	"github.com/longshore-io/longshore/e2e/bench/internal/report"
	"github.com/longshore-io/longshore/e2e/bench/internal/system"
)

// benchmark is a running benchmark.
type benchmark struct {
	opts   options
	system *system.System
	result *report.Report
	log    *process.Lines
}

const (
	// observationTime is how long the use of the machine is observed before a run.
	observationTime = 2 * time.Second
	// maxWarmUp is the number of records that are copied before the first measurement.
	maxWarmUp = 1_000_000
	// nameWidth is the width of the longest name before a line of the log: "importer-1".
	nameWidth = 10
)

// measure runs the measurements that the options select, and logs each.
func measure(ctx context.Context, opts options, log io.Writer) (result *report.Report, err error) {
	console := process.NewConsole(log, nameWidth)
	settings := system.Options{DatabaseURL: opts.databaseURL, RedisURL: opts.redisURL, Programs: opts.programs, Importers: opts.importers}
	if opts.verbose {
		settings.Console = console
	}
	s, err := system.Open(ctx, settings)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close(ctx)) }()
	b := &benchmark{opts: opts, system: s, result: &report.Report{}, log: console.Lines("bench")}
	for _, step := range []func(context.Context) error{b.setUp, b.measureImports, b.measureQuiet, b.measureSmall, b.measurePolls} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	b.result.Judge()
	return b.result, nil
}

func (b *benchmark) setUp(ctx context.Context) error {
	if err := system.PrepareBareCopy(ctx, b.system.Conn); err != nil {
		return err
	}
	lines, err := b.system.Describe(ctx)
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

// measureImports measures every size, each several times.
func (b *benchmark) measureImports(ctx context.Context) (err error) {
	if !b.opts.measures(partBaseline) && !b.opts.measures(partImport) {
		return nil
	}
	folder, err := os.MkdirTemp(b.opts.folder, "longshore-bench-records-")
	if err != nil {
		return fmt.Errorf("creating a folder for the records: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	for _, size := range b.opts.sizes {
		if err := b.measureSize(ctx, size, filepath.Join(folder, "records.ndjson")); err != nil {
			return fmt.Errorf("measuring %d records: %w", size, err)
		}
	}
	return nil
}

func (b *benchmark) measureSize(ctx context.Context, size int, path string) (err error) {
	b.log.Printf("generating %d records", size)
	bytes, err := corpus.New(b.opts.seed, b.opts.order).WriteFile(ctx, path, size)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(path)) }()
	b.log.Printf("warming up")
	// The first COPY on a server finds no old log files to reuse, and no memory.
	if _, _, err := b.bareCopy(ctx, path, system.BareCopy{Limit: maxWarmUp}); err != nil {
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

// measureRun measures bare COPY before and after the import, because the speed of a machine
// changes.
func (b *benchmark) measureRun(ctx context.Context, path string, i report.Import) (_ report.Import, err error) {
	if i.Disturbance, err = system.BusyShare(ctx, observationTime); err != nil {
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
	return i, b.system.Reset(ctx)
}

// measureBaseline measures bare COPY of the file into an empty table.
func (b *benchmark) measureBaseline(ctx context.Context, path string, i *report.Import) error {
	copied, elapsed, err := b.bareCopy(ctx, path, system.BareCopy{Limit: i.Records + 1, KeyOrder: b.opts.keyOrder})
	if err != nil {
		return err
	}
	rows, err := system.CountBareCopy(ctx, b.system.Conn)
	if err != nil {
		return err
	}
	if copied != i.Records || rows != i.Records {
		return fmt.Errorf("bare COPY copied %d of %d records, and the table has %d", copied, i.Records, rows)
	}
	b.log.Printf("run %d: bare COPY of %d records in %.2f s", i.Run, i.Records, elapsed.Seconds())
	i.Baselines = append(i.Baselines, report.ToSeconds(elapsed))
	return nil
}

// bareCopy copies the file into an empty table.
func (b *benchmark) bareCopy(ctx context.Context, path string, baseline system.BareCopy) (records int, elapsed time.Duration, err error) {
	if err := b.system.Reset(ctx); err != nil {
		return 0, 0, err
	}
	file, err := os.Open(path)
	if err != nil {
		return 0, 0, fmt.Errorf("opening the records: %w", err)
	}
	defer func() { _ = file.Close() }()
	return baseline.Run(ctx, b.system.Conn, file)
}
