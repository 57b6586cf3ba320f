package load_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// The sizes let every import write every key several times.
const (
	raceWorkers = 8
	raceImports = 4
	raceChunks  = 16
	raceRows    = 100
	raceKeys    = 300
)

// raceChunk is a chunk of an import.
type raceChunk struct {
	number  int64
	records []raceRecord
}

type raceRecord struct {
	row, key int
	bad      bool
}

func (r raceRecord) json(number int64) string {
	price := number*1_000_000 + int64(r.row)
	if r.bad {
		price = -price
	}
	return fmt.Sprintf(`{"id":"key-%d","price":%d}`, r.key, price)
}

// newRaceChunks returns the chunks in random order. The table rejects one row in twelve.
func newRaceChunks(random *rand.Rand) []raceChunk {
	var chunks []raceChunk
	for number := range int64(raceImports) {
		for i := range raceChunks {
			c := raceChunk{number: number + 1}
			for j := range raceRows {
				c.records = append(c.records, raceRecord{i*raceRows + j + 1, random.IntN(raceKeys), random.IntN(12) == 0})
			}
			chunks = append(chunks, c)
		}
	}
	random.Shuffle(len(chunks), func(i, j int) { chunks[i], chunks[j] = chunks[j], chunks[i] })
	return chunks
}

// expectation is the result of the race, whatever the order of its chunks.
type expectation struct {
	prices map[string]int64
	failed int
	total  int
}

func expect(chunks []raceChunk) expectation {
	e := expectation{prices: make(map[string]int64)}
	for _, c := range chunks {
		settled := make(map[int]bool)
		for _, r := range slices.Backward(c.records) {
			e.total++
			switch key := fmt.Sprintf("key-%d", r.key); {
			case settled[r.key]: // superseded within its chunk
			case r.bad:
				e.failed++
			default:
				settled[r.key] = true
				e.prices[key] = max(e.prices[key], c.number*1_000_000+int64(r.row))
			}
		}
	}
	return e
}

// TestLoadConcurrently lets workers load overlapping chunks in random order. Some chunks are rolled
// back and loaded again. No load may deadlock, the latest row must win every key, and the counts
// must agree with the table.
func TestLoadConcurrently(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable, partsSchema)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chunks := newRaceChunks(rand.New(rand.NewPCG(seed, 0)))
	want := expect(chunks)
	queue := make(chan raceChunk, len(chunks))
	for _, c := range chunks {
		queue <- c
	}
	close(queue)

	var counts operation.Counts
	var mu sync.Mutex
	var workers sync.WaitGroup
	for i := range raceWorkers {
		conn := storetest.Connect(t, f.url)
		random := rand.New(rand.NewPCG(seed, uint64(i)+1))
		workers.Go(func() {
			batch := f.table.NewBatch()
			for c := range queue {
				batch.Reset()
				outcomes, err := f.race(t, conn, batch, c, random.IntN(4) == 0)
				if err != nil {
					t.Errorf("import %d: %v", c.number, err)
					return
				}
				mu.Lock()
				for _, outcome := range outcomes {
					counts.Count(outcome, 1)
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	f.compare(t, want, counts)
}

var errRollback = errors.New("rolled back on purpose")

// race loads a chunk; if rollBack is true, it rolls back the first load and loads the chunk again.
func (f *fixture) race(t *testing.T, conn *pgx.Conn, batch *load.Batch, c raceChunk, rollBack bool) ([]operation.Outcome, error) {
	t.Helper()
	for _, r := range c.records {
		f.add(t, batch, record{r.row, r.json(c.number)})
	}
	if rollBack {
		err := pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
			_, err := batch.Load(t.Context(), tx, c.number)
			return errors.Join(err, errRollback)
		})
		if err.Error() != errRollback.Error() {
			return nil, err
		}
	}
	result, err := loadBatch(t.Context(), conn, batch, c.number)
	return result.Outcomes, err
}

func (f *fixture) compare(t *testing.T, want expectation, counts operation.Counts) {
	t.Helper()
	prices, err := readPrices(t.Context(), f.conn)
	if err != nil {
		t.Fatal(err)
	}
	for key, price := range want.prices {
		if prices[key] != price {
			t.Errorf("price of %s = %d, want %d", key, prices[key], price)
		}
	}
	if len(prices) != len(want.prices) || counts.Created != len(prices) || counts.Failed != want.failed || counts.Processed() != want.total {
		t.Errorf("counts = %+v with %d keys, want %d keys, %d failed of %d", counts, len(prices), len(want.prices), want.failed, want.total)
	}
}

func readPrices(ctx context.Context, conn *pgx.Conn) (map[string]int64, error) {
	var prices map[string]int64
	err := conn.QueryRow(ctx, "SELECT coalesce(jsonb_object_agg(id, price), '{}') FROM parts").Scan(&prices)
	return prices, err
}
