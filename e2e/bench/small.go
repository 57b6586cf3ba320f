package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/longshore-io/longshore/e2e/bench/internal/corpus"
	"github.com/longshore-io/longshore/e2e/bench/internal/report"
	"github.com/longshore-io/longshore/e2e/bench/internal/system"
)

const (
	// smallTotal is the number of records of all small imports of a measurement, within the limits of
	// minSmall and maxSmall imports.
	smallTotal         = 100_000
	minSmall, maxSmall = 500, 8_000
	// donePollInterval is the time between two looks at how many imports are unfinished.
	donePollInterval = 10 * time.Millisecond
)

// measureSmall measures small imports that many clients send at the same time.
func (b *benchmark) measureSmall(ctx context.Context) error {
	if !b.opts.measures(partSmall) {
		return nil
	}
	for _, records := range b.opts.small {
		for run := range b.opts.runs {
			s := report.Small{Run: run + 1, Records: records, Clients: b.opts.clients, Imports: min(max(smallTotal/records, minSmall), maxSmall)}
			if err := b.measureSmallRun(ctx, &s); err != nil {
				return fmt.Errorf("measuring small imports of %d records: %w", records, err)
			}
			b.result.Small = append(b.result.Small, s)
		}
	}
	return nil
}

func (b *benchmark) measureSmallRun(ctx context.Context, s *report.Small) error {
	bodies := b.smallBodies(s.Imports, s.Records)
	baseline := func() error {
		elapsed, err := system.BareUpsert{Clients: s.Clients}.Run(ctx, b.system, bodies)
		s.Baselines = append(s.Baselines, report.ToSeconds(elapsed))
		return err
	}
	if err := errors.Join(b.system.Reset(ctx), baseline()); err != nil {
		return err
	}
	if err := b.sendSmall(ctx, s, bodies); err != nil {
		return err
	}
	b.log.Printf("%d imports of %d records in %.2f s", s.Imports, s.Records, s.Done)
	return errors.Join(b.system.Reset(ctx), baseline())
}

// smallBodies returns bodies of records with keys that no other has.
func (b *benchmark) smallBodies(imports, records int) [][]byte {
	source, bodies := corpus.New(b.opts.seed, corpus.Random), make([][]byte, imports)
	for i := range imports * records {
		bodies[i/records] = source.AppendRecord(bodies[i/records], i)
	}
	return bodies
}

// sendSmall sends the bodies, and waits until the last import is done.
func (b *benchmark) sendSmall(ctx context.Context, s *report.Small, bodies [][]byte) error {
	return b.system.WithServices(ctx, func(ctx context.Context, services *system.Services) error {
		if _, err := b.warmUp(ctx, services); err != nil {
			return err
		}
		start := time.Now()
		if err := postAll(services.Base+"/api/"+collection+"/import", s.Clients, bodies); err != nil {
			return err
		}
		s.Accepted = report.ToSeconds(time.Since(start))
		if err := b.awaitAll(ctx); err != nil {
			return err
		}
		s.Done = report.ToSeconds(time.Since(start))
		return b.verifySmall(ctx, s)
	})
}

// postAll sends the bodies by clients that each send one after another.
func postAll(address string, clients int, bodies [][]byte) error {
	client := fasthttp.Client{MaxConnsPerHost: clients}
	errs := make([]error, clients)
	var senders sync.WaitGroup
	for n := range clients {
		senders.Go(func() {
			for i := n; i < len(bodies) && errs[n] == nil; i += clients {
				errs[n] = post(&client, address, bodies[i])
			}
		})
	}
	senders.Wait()
	client.CloseIdleConnections()
	return errors.Join(errs...)
}

func post(client *fasthttp.Client, address string, body []byte) error {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	request.SetRequestURI(address)
	request.Header.SetMethod(fasthttp.MethodPost)
	request.Header.SetContentType("application/x-ndjson")
	request.SetBodyRaw(body)
	if err := client.Do(request, response); err != nil {
		return fmt.Errorf("sending an import: %w", err)
	}
	if response.StatusCode() != fasthttp.StatusAccepted {
		return fmt.Errorf("the answer to an import is %d %s, not 202", response.StatusCode(), response.Body())
	}
	return nil
}

// awaitAll waits until no import is unfinished.
func (b *benchmark) awaitAll(ctx context.Context) error {
	const unfinished = `SELECT EXISTS (SELECT FROM xforce.tasks WHERE status IN ('waiting', 'running'))`
	ticker := time.NewTicker(donePollInterval)
	defer ticker.Stop()
	for {
		var left bool
		if err := b.system.Conn.QueryRow(ctx, unfinished).Scan(&left); err != nil {
			return fmt.Errorf("looking for unfinished imports: %w", err)
		}
		if !left {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// verifySmall checks that every import succeeded, and that the table has all records.
func (b *benchmark) verifySmall(ctx context.Context, s *report.Small) error {
	const query = `SELECT (SELECT count(*) FROM xforce.tasks WHERE status = 'succeeded'), (SELECT count(*) FROM ` + table + `)`
	var succeeded, rows int
	if err := b.system.Conn.QueryRow(ctx, query).Scan(&succeeded, &rows); err != nil {
		return fmt.Errorf("counting the imported records: %w", err)
	}
	if succeeded != s.Imports || rows != s.Imports*s.Records {
		return fmt.Errorf("%d of %d imports succeeded, with %d of %d records", succeeded, s.Imports, rows, s.Imports*s.Records)
	}
	return nil
}
