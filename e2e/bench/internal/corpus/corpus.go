// Package corpus makes the records that the benchmark imports: valid records of the collection that ships with Longshore,
// about 380 bytes each as NDJSON, the same ones for the same seed.
package corpus

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Order is how the keys of successive records follow each other.
type Order string

// The orders. Random is the harder one for an index: every key goes to another page.
const (
	Random Order = "random"
	Sorted Order = "sorted"
)

// ParseOrder reads an order's name.
func ParseOrder(name string) (Order, error) {
	switch order := Order(name); order {
	case Random, Sorted:
		return order, nil
	default:
		return "", fmt.Errorf("the order must be %s or %s, not %q", Random, Sorted, name)
	}
}

// Source makes records. Each is a function of seed, order and position alone, and no two of one source share a key.
type Source struct {
	seed  uint64
	order Order
	pcg   *rand.PCG
	rand  *rand.Rand
}

// New makes a source, to be used by one goroutine.
func New(seed uint64, order Order) *Source {
	pcg := rand.NewPCG(0, 0)
	return &Source{seed: seed, order: order, pcg: pcg, rand: rand.New(pcg)} //nolint:gosec // G404: to be repeated, not to be secret
}

// AppendRecord appends the record at position i, counted from 0, with the line's end.
func (s *Source) AppendRecord(dst []byte, i int) []byte {
	position := uint64(i) //nolint:gosec // G115: a position is not negative
	s.pcg.Seed(s.seed, scramble(position))
	key := s.key(position)
	words := languages[0]
	if s.oneIn(8) {
		words = languages[1+s.rand.IntN(len(languages)-1)]
	}
	dst = append(dst, `{"tool_id":"`...)
	dst = append(dst, key...)
	dst = append(dst, `","tool_name":`...)
	dst = quote(dst, s.name(words)+" "+strconv.Itoa(i+1))
	dst = append(dst, `,"category":`...)
	dst = quote(dst, s.pick(categories))
	if !s.oneIn(30) {
		dst = append(dst, `,"description":`...)
		dst = quote(dst, s.description(words))
	}
	dst = append(dst, `,"features":[`...)
	dst = s.appendFeatures(dst)
	dst = append(dst, ']')
	if !s.oneIn(30) {
		dst = append(dst, `,"url":"https://tools.example.com/catalog/`...)
		dst = append(dst, key...)
		dst = append(dst, '"')
	}
	return append(dst, '}', '\n')
}

func (s *Source) key(position uint64) string {
	if s.order == Random {
		position = scramble(s.seed + position)
	}
	return fmt.Sprintf("tool-%016x", position)
}

// scramble is the finisher of SplitMix64 (Steele, Lea, Flood 2014), which maps the 64-bit numbers one to one: keys that look
// random, and none twice, without a memory of those given.
func scramble(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (s *Source) oneIn(n int) bool { return s.rand.IntN(n) == 0 }

func (s *Source) pick(from []string) string { return from[s.rand.IntN(len(from))] }

// quote appends the text as JSON. It cannot fail, because all words are UTF-8; a test reads every kind of record.
func quote(dst []byte, text string) []byte {
	dst, _ = jsontext.AppendQuote(dst, text)
	return dst
}
