package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/longshore-io/longshore/e2e/bench/internal/report"
	"github.com/longshore-io/longshore/e2e/bench/internal/system"
)

const (
	// pollClients is the number of clients that poll, each on a connection of its own.
	pollClients = 64
	// pollTime is how long the polls of one kind are counted.
	pollTime = 3 * time.Second
	// manyOperations is the number of operations of the second measurement.
	manyOperations = 10_000
)

// measurePolls measures how often clients can read the status of finished imports.
func (b *benchmark) measurePolls(ctx context.Context) error {
	if !b.opts.measures(partPolls) {
		return nil
	}
	if err := b.system.Reset(ctx); err != nil {
		return err
	}
	return b.system.WithServices(ctx, func(ctx context.Context, services *system.Services) error {
		if err := postAll(services.Base+"/api/"+collection+"/import", b.opts.clients, b.smallBodies(manyOperations, 1)); err != nil {
			return err
		}
		if err := b.awaitAll(ctx); err != nil {
			return err
		}
		for _, dialect := range []struct{ name, path string }{
			{"operations", "'/operations/' || task_id"},
			{"imports", "'/api/" + collection + "/import/status/' || task_reference"},
		} {
			if err := b.measureDialect(ctx, services, dialect.name, dialect.path); err != nil {
				return fmt.Errorf("measuring polls of %s: %w", dialect.name, err)
			}
		}
		return nil
	})
}

// measureDialect polls one operation, many, and one with If-None-Match. path is the path of the status as SQL.
func (b *benchmark) measureDialect(ctx context.Context, services *system.Services, name, path string) error {
	var paths []string
	if err := b.system.Conn.QueryRow(ctx, "SELECT array_agg("+path+") FROM xforce.tasks").Scan(&paths); err != nil {
		return fmt.Errorf("reading the addresses: %w", err)
	}
	for i := range paths {
		paths[i] = services.Base + paths[i]
	}
	for _, p := range []report.Polls{
		{Operations: 1}, {Operations: len(paths)}, {Operations: 1, Conditional: name == "operations"},
	} {
		p.Dialect, p.Clients = name, pollClients
		if err := b.measurePoll(ctx, &p, paths[:p.Operations]); err != nil {
			return err
		}
		b.log.Printf("%.0f polls/s of %s, bare %.0f", p.Rate, name, p.Bare)
		b.result.Polls = append(b.result.Polls, p)
	}
	return nil
}

// measurePoll measures the api, and a bare server with the answer to the first address.
func (b *benchmark) measurePoll(ctx context.Context, p *report.Polls, addresses []string) (err error) {
	client := &fasthttp.Client{MaxConnsPerHost: pollClients}
	etag := ""
	first, err := get(client, addresses[0], "")
	if err != nil {
		return err
	}
	if p.Conditional {
		if etag = string(first.Header.Peek("ETag")); etag == "" {
			return errors.New("the status has no ETag")
		}
		if first, err = get(client, addresses[0], etag); err != nil {
			return err
		}
	}
	if p.Rate, err = pollFor(client, pollTime, addresses, etag, first.StatusCode()); err != nil {
		return err
	}
	bare, address, err := serveBare(ctx, first)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bare.Close()) }()
	p.Bare, err = pollFor(&fasthttp.Client{MaxConnsPerHost: pollClients}, pollTime, []string{address}, etag, first.StatusCode())
	return err
}

// serveBare starts a server that answers every request with the response's status, header and body.
func serveBare(ctx context.Context, response *fasthttp.Response) (server *http.Server, address string, err error) {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", fmt.Errorf("listening: %w", err)
	}
	header, body, status := http.Header{}, response.Body(), response.StatusCode()
	for name, value := range response.Header.All() {
		if canonical := string(name); !strings.EqualFold(canonical, "Content-Length") && !strings.EqualFold(canonical, "Date") {
			header.Add(canonical, string(value))
		}
	}
	server = &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), header)
		w.WriteHeader(status)
		_, _ = w.Write(body) // a 304 has none
	})}
	go func() { _ = server.Serve(listener) }() // ends with Close
	return server, "http://" + listener.Addr().String() + "/", nil
}

// pollFor returns how many polls a second are answered with the status. Each client polls all addresses in turn,
// beginning with another one.
func pollFor(client *fasthttp.Client, limit time.Duration, addresses []string, etag string, status int) (rate float64, err error) {
	var polls atomic.Int64
	errs := make([]error, pollClients)
	start := time.Now()
	var clients sync.WaitGroup
	for n := range pollClients {
		clients.Go(func() {
			request, response := newPoll(etag), &fasthttp.Response{}
			for i := n * len(addresses) / pollClients; time.Since(start) < limit && errs[n] == nil; i++ {
				request.SetRequestURI(addresses[i%len(addresses)])
				errs[n] = client.Do(request, response)
				if got := response.StatusCode(); errs[n] == nil && got != status {
					errs[n] = fmt.Errorf("a poll is answered with %d %s, not %d", got, response.Body(), status)
				}
				polls.Add(1)
			}
		})
	}
	clients.Wait()
	client.CloseIdleConnections()
	return float64(polls.Load()) / time.Since(start).Seconds(), errors.Join(errs...)
}

func newPoll(etag string) *fasthttp.Request {
	request := &fasthttp.Request{}
	if etag != "" {
		request.Header.Set("If-None-Match", etag)
	}
	return request
}

func get(client *fasthttp.Client, address, etag string) (*fasthttp.Response, error) {
	request, response := newPoll(etag), &fasthttp.Response{}
	request.SetRequestURI(address)
	if err := client.Do(request, response); err != nil {
		return nil, fmt.Errorf("reading a status: %w", err)
	}
	return response, nil
}
