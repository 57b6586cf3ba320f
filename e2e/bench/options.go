package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/longshore-io/longshore/e2e/bench/internal/corpus"
)

// The parts of the benchmark, in the order of the flag's text.
const (
	partBaseline = "baseline"
	partImport   = "import"
	partAgain    = "again"
	partLatency  = "latency"
	partIdle     = "idle"
	partSmall    = "small"
	partPolls    = "polls"
)

var allParts = []string{partBaseline, partImport, partAgain, partLatency, partIdle, partSmall, partPolls}

// options select the measurements and the servers.
type options struct {
	databaseURL, redisURL, programs string

	sizes []int
	// small are the numbers of records of small imports, and clients that of their senders.
	small     []int
	clients   int
	runs      int
	importers int
	parts     []string
	baselines int
	keyOrder  bool
	order     corpus.Order
	seed      uint64
	folder    string
	json      bool
	verbose   bool
}

func (o options) measures(part string) bool { return slices.Contains(o.parts, part) }

// parse parses the flags and reads the servers from the environment.
func parse(args []string, environment func(string) string, errOut io.Writer) (options, error) {
	o := options{
		databaseURL: environment("DATABASE_URL"), redisURL: environment("REDIS_URL"), programs: environment("LONGSHORE_BIN_DIR"),
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(errOut)
	sizes := flags.String("records", "1000000", "records of an import; several sizes are separated by commas")
	small := flags.String("small", "5", "records of small imports; several sizes are separated by commas")
	flags.IntVar(&o.clients, "clients", 32, "clients that send small imports at the same time")
	parts := flags.String("only", strings.Join(allParts, ","), "what to measure")
	order := flags.String("order", string(corpus.Random), "order of the keys: random or sorted")
	flags.IntVar(&o.runs, "runs", 1, "number of measurements of each size")
	flags.IntVar(&o.importers, "importers", 2, "processes of the importer")
	flags.IntVar(&o.baselines, "baselines", 2, "1 measures bare COPY before the import, 2 also after it and takes the mean")
	flags.BoolVar(&o.keyOrder, "sorted-copy", false, "sort the rows of each transaction of bare COPY by key, as importers do")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of the generated records")
	flags.StringVar(&o.folder, "folder", os.TempDir(), "folder of the records during the benchmark, about 380 MB a million")
	flags.BoolVar(&o.json, "json", false, "write the report as JSON")
	flags.BoolVar(&o.verbose, "verbose", false, "print the output of the services")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var sizesErr, smallErr, orderErr error
	o.sizes, sizesErr = parseSizes("records", *sizes)
	o.small, smallErr = parseSizes("small", *small)
	o.order, orderErr = corpus.ParseOrder(*order)
	o.parts = strings.Split(*parts, ",")
	return o, errors.Join(sizesErr, smallErr, orderErr, o.check(), rejectArguments(flags.Args()))
}

func parseSizes(flag, list string) (sizes []int, err error) {
	for text := range strings.SplitSeq(list, ",") {
		size, err := strconv.Atoi(strings.ReplaceAll(text, "_", ""))
		if err != nil || size < 1 {
			return nil, fmt.Errorf("-%s must be numbers such as 1000000,10000000, not %q", flag, list)
		}
		sizes = append(sizes, size)
	}
	return sizes, nil
}

// check checks the rules across flags.
func (o options) check() error {
	var errs []error
	if o.databaseURL == "" || o.redisURL == "" {
		errs = append(errs, errors.New("DATABASE_URL and REDIS_URL must name a Postgres and a Redis: make bench starts them"))
	}
	for _, part := range o.parts {
		if !slices.Contains(allParts, part) {
			errs = append(errs, fmt.Errorf("-only knows %s, not %q", strings.Join(allParts, ", "), part))
		}
	}
	if o.measures(partAgain) && !o.measures(partImport) {
		errs = append(errs, fmt.Errorf("-only %s needs %s too: it updates the records of that", partAgain, partImport))
	}
	if o.runs < 1 || o.importers < 1 || o.clients < 1 {
		errs = append(errs, errors.New("-runs, -importers and -clients must be at least 1"))
	}
	if o.baselines != 1 && o.baselines != 2 {
		errs = append(errs, errors.New("-baselines must be 1 or 2"))
	}
	return errors.Join(errs...)
}

func rejectArguments(args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected argument %q", args[0])
	}
	return nil
}
