package chaos_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/longshore-io/longshore/e2e/client"
)

// load is the clients of one round. Each sends one request after another.
type load struct {
	client  *caller
	seed    uint64
	stopped atomic.Bool
	all     sync.WaitGroup
}

// startLoad starts the clients. The seed determines what they send, and the time how much.
func startLoad(ctx context.Context, c *caller, seed uint64) *load {
	l := &load{client: c, seed: seed}
	clients := []func(context.Context, *rand.Rand){
		c.smallImport, c.smallImport, c.largeImport, c.multipartImport, c.search, c.search, c.report, c.list, c.abandonUpload,
	}
	for i, do := range clients {
		random := rand.New(rand.NewPCG(seed, uint64(i+1)))
		l.all.Go(func() {
			for !l.stopped.Load() && ctx.Err() == nil {
				do(ctx, random)
			}
		})
	}
	return l
}

// burst starts one more piece of work of each kind, twice, so that a fault that follows hits some
// of each.
func (l *load) burst(ctx context.Context) {
	c := l.client
	for i, do := range []func(context.Context, *rand.Rand){c.smallImport, c.largeImport, c.multipartImport, c.search, c.report} {
		for twice := range 2 {
			random := rand.New(rand.NewPCG(l.seed, uint64(100+2*i+twice)))
			l.all.Go(func() { do(ctx, random) })
		}
	}
}

// stop waits until all clients have finished what they have begun.
func (l *load) stop(t *testing.T) {
	t.Helper()
	l.stopped.Store(true)
	l.all.Wait()
}

// importFixed imports the records that searches look for and that nothing overwrites.
func (c *caller) importFixed(ctx context.Context) {
	const records, firstKey = 1_000, 900_000
	c.begin("preparation")
	c.model.fixed = records
	body := fixedBody(records, firstKey, c.model)
	op, ok := c.start(ctx, importPath, body, true, c.model.send(nil))
	if !ok {
		c.t.Fatal("the fixed records were not accepted")
	}
	if m, ok := c.follow(ctx, op, 0); !ok || m.Counts.Created != records {
		c.t.Fatalf("the fixed records were imported with %+v", m)
	}
}

// search searches for the fixed records, and sometimes exports the result.
func (c *caller) search(ctx context.Context, random *rand.Rand) {
	const request = `{"collection":"tools","filter":{"category":"Fixed"},"limit":10000%s}`
	sort := []string{"", `,"sort":["-tool_id"]`}[random.IntN(2)]
	op, ok := c.start(ctx, "/search", jsonBody(fmt.Sprintf(request, sort)), random.IntN(2) == 0, c.model.send(nil))
	if !ok {
		return
	}
	m, ok := c.follow(ctx, op, random.IntN(3))
	if !ok || m.Status != "Succeeded" {
		c.violation("search %s: %s %+v", op.ID, m.Status, m.Error)
		return
	}
	var status struct{ Counts struct{ Returned int } }
	if c.read(ctx, "/search/status/"+op.ID, http.StatusCreated, &status) && status.Counts.Returned != c.model.fixed {
		c.violation("search %s returned %d records, want %d", op.ID, status.Counts.Returned, c.model.fixed)
	}
	if random.IntN(4) == 0 {
		c.export(ctx, random, fmt.Sprintf(`{"report":"search","operation":%q,"format":"ndjson"}`, op.ID), c.model.fixed)
	}
}

// report exports the collection, or describes the latest imports.
func (c *caller) report(ctx context.Context, random *rand.Rand) {
	switch random.IntN(3) {
	case 0:
		c.export(ctx, random, `{"report":"records","collection":"tools","filter":{"category":"Fixed"},"format":"ndjson"}`, c.model.fixed)
	case 1:
		c.export(ctx, random, `{"report":"records","collection":"tools","format":"xlsx"}`, 0)
	default:
		c.export(ctx, random, `{"report":"imports","format":"html"}`, 0)
	}
}

// list reads the first two pages of a list.
func (c *caller) list(ctx context.Context, random *rand.Rand) {
	filters := []string{"", "&status=Running", "&status=Succeeded", "&kind=search", "&collection=tools", "&label=request=" + fmt.Sprint(1+random.IntN(100))}
	next := "/operations?maxpagesize=20" + filters[random.IntN(len(filters))]
	for range 2 {
		var page struct {
			Value    []client.Monitor `json:"value"`
			NextLink string           `json:"nextLink"`
		}
		if !c.read(ctx, next, http.StatusOK, &page) || page.NextLink == "" {
			return
		}
		next = page.NextLink
	}
}
