package main

import (
	"context"
	"fmt"
	"os"

	"github.com/longshore-io/longshore/e2e/bench/internal/bare"
	"github.com/longshore-io/longshore/e2e/bench/internal/report"
)

// maxWarmUp is how many records are copied before anything is measured.
const maxWarmUp = 1_000_000

// warmUpPostgres copies records that do not count: the first that comes finds no log files to be used again, and no memory.
func (b *bench) warmUpPostgres(ctx context.Context, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening the records: %w", err)
	}
	defer func() { _ = file.Close() }()
	if err := b.rig.Fresh(ctx); err != nil {
		return err
	}
	b.say.Printf("warming up")
	_, _, err = bare.Copy(ctx, b.rig.Conn, file, bare.Options{Limit: maxWarmUp})
	return err
}

// measureBaseline measures bare COPY of the file into an empty table.
func (b *bench) measureBaseline(ctx context.Context, path string, i *report.Import) error {
	if err := b.rig.Fresh(ctx); err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening the records: %w", err)
	}
	defer func() { _ = file.Close() }()
	copied, took, err := bare.Copy(ctx, b.rig.Conn, file, bare.Options{Limit: i.Records + 1, KeyOrder: b.opts.keyOrder})
	if err != nil {
		return err
	}
	counted, err := bare.Count(ctx, b.rig.Conn)
	if err != nil {
		return err
	}
	if copied != i.Records || counted != i.Records {
		return fmt.Errorf("bare COPY took %d of %d records, and the table has %d", copied, i.Records, counted)
	}
	b.say.Printf("run %d: bare COPY of %d records in %.2f s", i.Run, i.Records, took.Seconds())
	i.Baselines = append(i.Baselines, report.In(took))
	return nil
}
