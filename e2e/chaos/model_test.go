package chaos_test

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/longshore-io/longshore/e2e/tool"
)

const (
	// hotKeys are overwritten by most imports, so that it matters which import is the later one.
	hotKeys = 3_000
	allKeys = 20_000
	// invalidEvery is the mean distance of records that violate the schema.
	invalidEvery = 40
)

// batch is the content of one import. Its records follow from its number.
type batch struct {
	number  int
	records int
}

// each calls visit for each record in order, with its row, which begins at 1, and the number of its
// key.
func (b *batch) each(visit func(row, key int, valid bool)) {
	random := newRandom(uint64(b.number))
	for row := 1; row <= b.records; row++ {
		key := random.IntN(hotKeys)
		if random.IntN(4) == 0 {
			key = hotKeys + random.IntN(allKeys-hotKeys)
		}
		visit(row, key, random.IntN(invalidEvery) > 0)
	}
}

// name is the name that a record gives to its tool, by which it is recognized in the table.
func (b *batch) name(row int) string { return fmt.Sprintf("import %d row %d", b.number, row) }

func (b *batch) tools() []tool.Tool {
	tools := make([]tool.Tool, 0, b.records)
	b.each(func(row, key int, valid bool) {
		one := tool.Numbered(key)
		one.Name = ""
		if valid {
			one.Name = b.name(row)
		}
		tools = append(tools, one)
	})
	return tools
}

// sent is a request that starts an operation, as its client knows it.
type sent struct {
	batch *batch // nil if it is no import
	// id is the operation's id if the request was accepted.
	id string
	// refused is the answer that says that nothing was kept.
	refused string
	// found is the id of the operation in the tables.
	found string
}

// written is the record that a row of the table comes from.
type written struct {
	number int64 // of the operation
	row    int
	name   string
}

// model contains everything that clients have sent, and what the table must contain.
type model struct {
	mu      sync.Mutex
	batches int
	sent    map[string]*sent // by label
	table   map[string]written
	fixed   int // records of the import that nothing overwrites
}

func newModel() *model { return &model{sent: make(map[string]*sent), table: make(map[string]written)} }

// newBatch returns a new import of min to max records.
func (m *model) newBatch(random *rand.Rand, minRecords, maxRecords int) *batch {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.batches++
	return &batch{number: m.batches, records: minRecords + random.IntN(maxRecords-minRecords+1)}
}

// send records a request before it is sent.
func (m *model) send(b *batch) func(label string) {
	return func(label string) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.sent[label] = &sent{batch: b}
	}
}

func (m *model) accept(label, id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent[label].id = id
}

func (m *model) refuse(label, answer string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent[label].refused = answer
}

// apply writes a record to the expected table, if no later one with its key is there.
func (m *model) apply(key string, w written) {
	if before, ok := m.table[key]; !ok || w.number > before.number || w.number == before.number && w.row > before.row {
		m.table[key] = w
	}
}
