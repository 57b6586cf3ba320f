// Package corpus generates the records that the benchmark imports: valid records of the collection
// `tools`, about 380 bytes each as NDJSON, and the same records for the same seed.
package corpus

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Order is the order of the keys of successive records.
type Order string

// The orders. Random is slower, because every key belongs to another page of the index.
const (
	Random Order = "random"
	Sorted Order = "sorted"
)

// ParseOrder returns the order of the name.
func ParseOrder(name string) (Order, error) {
	switch order := Order(name); order {
	case Random, Sorted:
		return order, nil
	default:
		return "", fmt.Errorf("the order must be %s or %s, not %q", Random, Sorted, name)
	}
}

// Source generates records. A record depends only on the seed, the order and its position, and the
// keys of a source are unique.
type Source struct {
	seed  uint64
	order Order
	pcg   *rand.PCG
	rand  *rand.Rand
}

// New returns a source for one goroutine.
func New(seed uint64, order Order) *Source {
	pcg := rand.NewPCG(0, 0)
	return &Source{seed: seed, order: order, pcg: pcg, rand: rand.New(pcg)} //nolint:gosec // G404: reproducible, not secret
}

// AppendRecord appends the record at position i, from 0, and a line feed.
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

// scramble is the finalizer of SplitMix64 (Steele, Lea, Flood 2014), a bijection of 64-bit numbers:
// the keys look random and are unique, without a list of the earlier ones.
func scramble(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (s *Source) oneIn(n int) bool { return s.rand.IntN(n) == 0 }

func (s *Source) pick(from []string) string { return from[s.rand.IntN(len(from))] }

// quote appends the text as JSON. It cannot fail, because all words are UTF-8.
func quote(dst []byte, text string) []byte {
	dst, _ = jsontext.AppendQuote(dst, text)
	return dst
}

const (
	// writeBuffer is the size of the writes to the file.
	writeBuffer = 1 << 20
	// checkEvery is the number of records between two checks of the context.
	checkEvery = 10_000
)

// WriteFile writes the first n records of the source to a new file and returns its size in bytes.
func (s *Source) WriteFile(ctx context.Context, path string, n int) (size int64, err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, fmt.Errorf("creating the file of records: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out := bufio.NewWriterSize(file, writeBuffer)
	var line []byte
	for i := range n {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		line = s.AppendRecord(line[:0], i)
		size += int64(len(line))
		if _, err := out.Write(line); err != nil {
			return 0, fmt.Errorf("writing record %d: %w", i+1, err)
		}
	}
	if err := out.Flush(); err != nil {
		return 0, fmt.Errorf("writing the last records: %w", err)
	}
	return size, nil
}
