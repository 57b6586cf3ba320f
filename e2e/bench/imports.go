package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/longshore-io/longshore/e2e/bench/internal/report"
	"github.com/longshore-io/longshore/e2e/bench/internal/system"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/tool"
)

const (
	// collection is the collection of the imports, and table its table.
	collection = "tools"
	table      = "xforce.tools"
	// pollInterval is the time between two polls of an import.
	pollInterval = 50 * time.Millisecond
)

// measureLoads measures the import of the file by services that have just started, and if requested
// of the same file again.
func (b *benchmark) measureLoads(ctx context.Context, path string, i *report.Import) error {
	if err := b.system.Reset(ctx); err != nil {
		return err
	}
	return b.system.WithServices(ctx, func(ctx context.Context, services *system.Services) error {
		idle, err := b.warmUp(ctx, services)
		if err != nil {
			return err
		}
		for _, kind := range []report.Kind{report.New, report.Again} {
			if kind == report.Again && !b.opts.measures(partAgain) {
				break
			}
			load, err := b.measureLoad(ctx, services, path, *i, kind)
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

// warmUp imports the sample, so that everything is initialised, empties the tables again and
// returns the resident memory of the processes.
func (b *benchmark) warmUp(ctx context.Context, services *system.Services) (idle []int64, err error) {
	api := client.New(services.Base)
	defer api.Close()
	accepted, err := api.Import(ctx, collection, jsonBody(tool.Sample()))
	if err != nil {
		return nil, fmt.Errorf("warming up: %w", err)
	}
	if _, err := follow(ctx, api, accepted.OperationLocation); err != nil {
		return nil, fmt.Errorf("warming up: %w", err)
	}
	if err := b.system.Reset(ctx); err != nil {
		return nil, err
	}
	return system.ResidentMemory(ctx, services.Pids())
}

func jsonBody(tools []tool.Tool) client.RequestBody {
	return client.RequestBody{Type: "application/json", Content: tool.JSON(tools...)}
}

func (b *benchmark) measureLoad(ctx context.Context, services *system.Services, path string, i report.Import,
	kind report.Kind,
) (report.Load, error) {
	load := report.Load{Kind: kind}
	if err := b.system.Checkpoint(ctx); err != nil {
		return load, err
	}
	api := client.New(services.Base)
	defer api.Close()
	watch, err := system.StartWatch(services.Pids())
	if err != nil {
		return load, err
	}
	start := time.Now()
	accepted, err := upload(ctx, api, path)
	acceptance := time.Now()
	var final client.Monitor
	if err == nil {
		final, err = follow(ctx, api, accepted.OperationLocation)
	}
	finish := time.Now()
	usages, watchErr := watch.Stop()
	if err != nil {
		return load, err
	}
	if watchErr != nil {
		return load, watchErr
	}
	load.Upload, load.Processing = report.ToSeconds(acceptance.Sub(start)), report.ToSeconds(finish.Sub(acceptance))
	load.Responses = api.Seen(accepted.OperationLocation)
	load.Processes = processesOf(services, usages)
	b.log.Printf("run %d: import of %d records (%s) in %.2f s + %.2f s", i.Run, i.Records, kind, load.Upload, load.Processing)
	return load, b.verify(ctx, final, i.Records, kind)
}

func processesOf(services *system.Services, usages []system.Usage) []report.Process {
	processes := make([]report.Process, len(usages))
	for n, p := range services.Processes {
		processes[n] = report.Process{Service: p.Service, Name: p.Name, Peak: usages[n].Peak, CPU: report.ToSeconds(usages[n].CPU)}
	}
	return processes
}

// verify compares the final status of an import with the table: the time of a wrong import means
// nothing.
func (b *benchmark) verify(ctx context.Context, final client.Monitor, records int, kind report.Kind) error {
	want := client.Counts{Total: records, Imported: records}
	if kind == report.New {
		want.Created = records
	} else {
		want.Updated = records
	}
	if final.Counts != want {
		return fmt.Errorf("the counts of the import are %+v, not %+v", final.Counts, want)
	}
	const query = "SELECT count(*), count(*) FILTER (WHERE import_number = (SELECT number FROM xforce.tasks WHERE task_id = $1)) FROM " + table
	var rows, imported int
	if err := b.system.Conn.QueryRow(ctx, query, final.ID).Scan(&rows, &imported); err != nil {
		return fmt.Errorf("counting the imported records: %w", err)
	}
	if rows != records || imported != records {
		return fmt.Errorf("the table has %d of %d records, %d of them by this import", rows, records, imported)
	}
	return nil
}

// upload posts a file of NDJSON as one import. It has no timeout, because ten million records take
// minutes.
func upload(ctx context.Context, api *client.Client, path string) (accepted client.Accepted, err error) {
	file, err := os.Open(path)
	if err != nil {
		return accepted, fmt.Errorf("opening the records: %w", err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return accepted, fmt.Errorf("reading the size of the records: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, api.Base()+"/api/"+collection+"/import", io.NopCloser(file))
	if err != nil {
		return accepted, fmt.Errorf("creating the request: %w", err)
	}
	request.ContentLength = info.Size()
	request.Header.Set("Content-Type", "application/x-ndjson")
	start := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return accepted, fmt.Errorf("uploading the records: %w", err)
	}
	elapsed := time.Since(start)
	content, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return accepted, fmt.Errorf("reading the response to the upload: %w", err)
	}
	return api.Accepted(&client.Response{Status: response.StatusCode, Header: response.Header, Body: content, Elapsed: elapsed})
}

// follow polls an operation until it has succeeded. The client checks that no progress decreases.
func follow(ctx context.Context, api *client.Client, operationLocation string) (client.Monitor, error) {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		monitor, _, err := api.Poll(ctx, operationLocation)
		if err != nil {
			return monitor, fmt.Errorf("polling the import: %w", err)
		}
		switch monitor.Status {
		case "Succeeded":
			return monitor, nil
		case "Failed", "Canceled":
			return monitor, fmt.Errorf("the import is %s: %+v", monitor.Status, monitor.Error)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return monitor, fmt.Errorf("polling the import, which is %s at %d %%: %w", monitor.Status, monitor.PercentComplete, context.Cause(ctx))
		}
	}
}
