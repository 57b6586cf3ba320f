package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Text writes the report for people.
func (r *Report) Text(out io.Writer) error {
	var text strings.Builder
	text.WriteString("\nLongshore's benchmark\n")
	for _, line := range r.Setup {
		text.WriteString("  " + line + "\n")
	}
	if len(r.Imports) > 0 {
		r.imports(&text)
		r.memory(&text)
	}
	if len(r.sizes()) > 1 {
		r.growth(&text)
	}
	if r.Latency != nil {
		r.Latency.text(&text)
	}
	if r.Idle != nil {
		r.Idle.text(&text)
	}
	r.checks(&text)
	_, err := io.WriteString(out, text.String())
	return err
}

// table writes rows under a title; the cells of a row are separated by tabs, and all columns are aligned to the right.
func table(text *strings.Builder, title string, rows []string) {
	text.WriteString("\n" + title + "\n")
	aligned := tabwriter.NewWriter(text, 0, 0, 3, ' ', tabwriter.AlignRight)
	for _, row := range rows {
		_, _ = fmt.Fprintln(aligned, row+"\t")
	}
	_ = aligned.Flush()
}

// say appends to the text, which takes everything.
func say(text *strings.Builder, format string, args ...any) {
	_, _ = fmt.Fprintf(text, format, args...)
}

func (r *Report) imports(text *strings.Builder) {
	rows := []string{"run\trecords\tMB\tinto\tupload s\tprocessing s\ttotal s\trecords/s\tbare COPY/s\tratio"}
	var disturbance float64
	for _, i := range r.Imports {
		disturbance = max(disturbance, i.Disturbance)
		head := fmt.Sprintf("%d\t%s\t%.0f", i.Run, number(i.Records), float64(i.Bytes)/1e6)
		for n, took := range i.Baselines {
			rows = append(rows, fmt.Sprintf("%s\tbare COPY %d\t\t\t%.2f\t%s\t\t", head, n+1, took, rate(perSecond(i.Records, took))))
		}
		for _, l := range i.Loads {
			rows = append(rows, fmt.Sprintf("%s\t%s\t%.2f\t%.2f\t%.2f\t%s\t%s\t%s", head, kindNames[l.Kind],
				l.Upload, l.Processing, l.Total(), rate(i.Rate(l)), rate(i.Baseline()), ratio(i.Ratio(l))))
		}
	}
	table(text, "Imports: from the first byte sent to Succeeded, polled every 50 ms; the progress never went back", rows)
	if disturbance > tolerable {
		say(text, "  Before it began, other programs used up to %.0f %% of the processors: these figures say little.\n", disturbance*100)
	}
}

// tolerable is the share of the processors that other programs may use without a word about it.
const tolerable = 0.1

var kindNames = map[Kind]string{New: "empty table", Again: "the same again"}

func (r *Report) memory(text *strings.Builder) {
	rows := []string{"run\trecords\tinto\tprocess\tidle MiB\tpeak MiB\tgrown MiB\tprocessor s"}
	for _, i := range r.Imports {
		for _, l := range i.Loads {
			for _, p := range l.Processes {
				rows = append(rows, fmt.Sprintf("%d\t%s\t%s\t%s\t%.1f\t%.1f\t%.1f\t%.2f", i.Run, number(i.Records), kindNames[l.Kind],
					p.Name, mib(p.Idle), mib(p.Peak), mib(p.Peak-p.Idle), p.CPU))
			}
		}
	}
	if len(rows) > 1 {
		table(text, "Processes: resident memory and processor time during an import", rows)
	}
}

// growth shows what should not depend on the size: the cost of a record, and the memory.
func (r *Report) growth(text *strings.Builder) {
	rows := []string{"records\tµs a record, empty table\tthe same again\tratio\tapi grown MiB\timporter grown MiB"}
	for _, size := range r.sizes() {
		cells := []string{number(size), r.cost(size, New), r.cost(size, Again)}
		share, _ := r.median(size, New, Import.Ratio)
		cells = append(cells, ratio(share))
		for _, limit := range memoryLimits {
			grown, _ := r.grown(size, limit.service)
			cells = append(cells, fmt.Sprintf("%.1f", mib(grown)))
		}
		rows = append(rows, strings.Join(cells, "\t"))
	}
	table(text, "By size, in the median of the runs (memory: the most)", rows)
}

func (r *Report) cost(size int, kind Kind) string {
	cost, found := r.median(size, kind, func(i Import, l Load) float64 { return float64(l.Total()) * 1e6 / float64(i.Records) })
	if !found {
		return "-"
	}
	return fmt.Sprintf("%.2f", cost)
}

func (l Latency) text(text *strings.Builder) {
	rows := []string{"\tmedian ms\t95 % ms\tworst ms"}
	for _, row := range []struct {
		name string
		Quantiles
	}{{"POST to 202", l.Accepted}, {"202 to COMPLETED", l.Completed}, {"both", l.Whole}} {
		rows = append(rows, fmt.Sprintf("%s\t%.1f\t%.1f\t%.1f", row.name, row.Median, row.P95, row.Worst))
	}
	table(text, fmt.Sprintf("Small imports: %d of %d records, one after another on the idle stack", l.Imports, l.Records), rows)
}

func (i Idle) text(text *strings.Builder) {
	rows := []string{"Redis command\tper second"}
	for _, c := range i.Commands {
		rows = append(rows, fmt.Sprintf("%s\t%.1f", c.Name, perSecond(int(c.Calls), i.Observed)))
	}
	all := i.CommandsPerSecond()
	rows = append(rows, fmt.Sprintf("all\t%.1f", all), fmt.Sprintf("for each of %d importers\t%.1f", i.Importers, all/float64(max(i.Importers, 1))))
	table(text, fmt.Sprintf("The idle stack, over %.0f s", i.Observed), rows)
	say(text, "  Processor: Redis %s", share(i.RedisCPU, i.Observed))
	for _, p := range i.Processes {
		say(text, ", %s %s", p.Name, share(p.CPU, i.Observed))
	}
	text.WriteString(" of a core\n")
	if i.OtherClients > 0 {
		say(text, "  Redis had %d sessions of other programs, whose commands are counted here too.\n", i.OtherClients)
	}
}

func (r *Report) checks(text *strings.Builder) {
	if len(r.Checks) == 0 {
		return
	}
	text.WriteString("\nPromises\n")
	for _, c := range r.Checks {
		word := "kept  "
		if !c.Kept {
			word = "BROKEN"
		}
		text.WriteString("  " + word + "  " + c.Text + "\n")
	}
}

func share(used, of Seconds) string { return fmt.Sprintf("%.1f %%", float64(used)/float64(of)*100) }

func ratio(value float64) string {
	if value == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", value)
}

func rate(value float64) string {
	if value == 0 {
		return "-"
	}
	return number(int(value))
}

// number writes an integer with a comma after each thousand.
func number(n int) string {
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
