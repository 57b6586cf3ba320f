package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
)

// pollInterval is how often an import is asked for its status.
const pollInterval = 50 * time.Millisecond

// upload posts a file of NDJSON as one import. It has no time limit, because ten million records take minutes.
func upload(ctx context.Context, api *client.Client, path string) (accepted client.Accepted, err error) {
	file, err := os.Open(path)
	if err != nil {
		return accepted, fmt.Errorf("opening the records: %w", err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return accepted, fmt.Errorf("measuring the records: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, api.Base()+"/api/"+collection+"/import", io.NopCloser(file))
	if err != nil {
		return accepted, fmt.Errorf("making the request: %w", err)
	}
	request.ContentLength = info.Size()
	request.Header.Set("Content-Type", "application/x-ndjson")
	start := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return accepted, fmt.Errorf("uploading the records: %w", err)
	}
	took := time.Since(start)
	content, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return accepted, fmt.Errorf("reading the answer to the upload: %w", err)
	}
	return api.Accepted(&client.Response{Status: response.StatusCode, Header: response.Header, Body: content, Elapsed: took})
}

// follow asks for the operation until it is finished, which must be with success. The client sees to it that nothing of
// what it is told goes back.
func follow(ctx context.Context, api *client.Client, operationLocation string) (client.Monitor, error) {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		monitor, _, err := api.Poll(ctx, operationLocation)
		if err != nil {
			return monitor, fmt.Errorf("following the import: %w", err)
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
			return monitor, fmt.Errorf("following the import, which is %s at %d %%: %w", monitor.Status, monitor.PercentComplete, context.Cause(ctx))
		}
	}
}
