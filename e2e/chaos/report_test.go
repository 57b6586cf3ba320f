package chaos_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/longshore-io/longshore/deploy/local/programs"
)

// report writes the results into the section of the file of -report that belongs to this kind of
// run: between <!-- singles --> and <!-- end of singles -->, or the same with silence or mixtures.
func (c *chaos) report() {
	c.t.Helper()
	section, text := "mixtures", c.mixtureTable()
	switch {
	case *singlesFlag > 0 && *faultsFlag == silentConnections:
		section, text = "silence", c.silenceTable()
	case *singlesFlag > 0:
		section, text = "singles", c.faultTable()
	}
	text = c.setup() + "\n" + text
	c.t.Logf("results:\n%s", text)
	if *reportFlag == "" {
		return
	}
	root, err := programs.Root()
	if err != nil {
		c.t.Fatal(err)
	}
	path := filepath.Join(root, *reportFlag)
	document, err := os.ReadFile(path)
	if err != nil {
		c.t.Fatal(err)
	}
	begin, end := "<!-- "+section+" -->\n", "<!-- end of "+section+" -->\n"
	before, rest, found := strings.Cut(string(document), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		c.t.Fatalf("%s has no section between %q and %q", path, begin, end)
	}
	if err := os.WriteFile(path, []byte(before+begin+text+end+after), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

// setup describes the run: its command, the machine and the versions.
func (c *chaos) setup() string {
	args := fmt.Sprintf("-duration %s -seed %d", *durationFlag, *seedFlag)
	if *singlesFlag > 0 {
		args = fmt.Sprintf("-singles %d -seed %d", *singlesFlag, *seedFlag)
	}
	if *faultsFlag != "" {
		args += fmt.Sprintf(" -faults %q", *faultsFlag)
	}
	var version string
	c.row(&version, "SHOW server_version")
	operations, records := 0, 0
	for _, r := range c.results {
		operations, records = operations+r.operations, records+r.records
	}
	return fmt.Sprintf("`make chaos ARGS='%s'` on %s: %d cores of %s/%s, Postgres %s. %d rounds with %d operations and %d records.\n",
		args, time.Now().Format("2 January 2006"), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, version, len(c.results), operations, records)
}

const columns = " | tried | work hit | p50 | p99 | worst | lost | doubled |\n|---|---|---|---|---|---|---|---|\n"

// faultTable has a row for each fault that was applied alone.
func (c *chaos) faultTable() string {
	var table strings.Builder
	table.WriteString("| fault" + columns)
	for _, f := range c.faults {
		table.WriteString(c.tableRow(f.name, func(r result) bool { return r.name == f.name }))
	}
	return table.String()
}

// mixtureTable has one row for all mixtures.
func (c *chaos) mixtureTable() string {
	return "| faults" + columns + c.tableRow("two to four at a time", func(result) bool { return true })
}

func (c *chaos) tableRow(name string, belongs func(result) bool) string {
	tried, lost, doubled := 0, 0, 0
	var times []time.Duration
	for _, r := range c.results {
		if belongs(r) {
			tried, lost, doubled = tried+1, lost+r.lost, doubled+r.doubled
			times = append(times, r.all()...)
		}
	}
	return fmt.Sprintf("| %s | %d | %s | %d | %d |\n", name, tried, quantiles(times), lost, doubled)
}

// silenceTable has a row for each kind of work that silent connections have hit.
func (c *chaos) silenceTable() string {
	var table strings.Builder
	table.WriteString("| work that " + silentConnections + " hit | number | p50 | p99 | worst |\n|---|---|---|---|---|\n")
	for _, kind := range []string{"import", "split", "search", "report", "request"} {
		var times []time.Duration
		for _, r := range c.results {
			if r.name == silentConnections {
				times = slices.Concat(times, r.hit[kind])
			}
		}
		fmt.Fprintf(&table, "| %s | %s |\n", kind, quantiles(times))
	}
	return table.String()
}

func quantiles(times []time.Duration) string {
	return fmt.Sprintf("%d | %.1f s | %.1f s | %.1f s", len(times),
		percentile(times, 50).Seconds(), percentile(times, 99).Seconds(), percentile(times, 100).Seconds())
}
