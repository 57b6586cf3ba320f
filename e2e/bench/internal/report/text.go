package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// maxDisturbance is the share of the processors that other programs may use without a warning.
const maxDisturbance = 0.1

var kindNames = map[Kind]string{New: "empty table", Again: "the same again"}

// Text writes the report for people.
func (r *Report) Text(out io.Writer) error {
	var text strings.Builder
	text.WriteString("\nLongshore's benchmark\n")
	for _, line := range r.Setup {
		text.WriteString("  " + line + "\n")
	}
	if len(r.Imports) > 0 {
		r.writeImports(&text)
		r.writeProcesses(&text)
	}
	if len(r.sizes()) > 1 {
		r.writeSizes(&text)
	}
	if r.Latency != nil {
		r.Latency.write(&text)
	}
	if r.Idle != nil {
		r.Idle.write(&text)
	}
	r.writeSmall(&text)
	r.writePolls(&text)
	r.writeChecks(&text)
	_, err := io.WriteString(out, text.String())
	return err
}

// table collects rows of cells, which are separated by tabs.
type table []string

func (t *table) addf(format string, args ...any) { *t = append(*t, fmt.Sprintf(format, args...)) }

// write writes the rows with all columns aligned to the right.
func (t *table) write(text *strings.Builder, title string) {
	text.WriteString("\n" + title + "\n")
	aligned := tabwriter.NewWriter(text, 0, 0, 3, ' ', tabwriter.AlignRight)
	for _, row := range *t {
		_, _ = fmt.Fprintln(aligned, row+"\t")
	}
	_ = aligned.Flush()
}

func (r *Report) writeImports(text *strings.Builder) {
	rows := table{"run\trecords\tMB\tinto\tupload s\tprocessing s\ttotal s\trecords/s\tbare COPY/s\tratio"}
	var disturbance float64
	for _, i := range r.Imports {
		disturbance = max(disturbance, i.Disturbance)
		head := fmt.Sprintf("%d\t%s\t%.0f", i.Run, number(i.Records), float64(i.Bytes)/1e6)
		for n, elapsed := range i.Baselines {
			rows.addf("%s\tbare COPY %d\t\t\t%.2f\t%s\t\t", head, n+1, elapsed, rate(perSecond(i.Records, elapsed)))
		}
		for _, l := range i.Loads {
			rows.addf("%s\t%s\t%.2f\t%.2f\t%.2f\t%s\t%s\t%s", head, kindNames[l.Kind],
				l.Upload, l.Processing, l.Total(), rate(i.Rate(l)), rate(i.Baseline()), ratio(i.Ratio(l)))
		}
	}
	rows.write(text, "Imports: from the first byte sent to Succeeded, polled every 50 ms; the progress never went back")
	if disturbance > maxDisturbance {
		_, _ = fmt.Fprintf(text, "  Before the start, other programs used up to %.0f %% of the processors: these results are not reliable.\n", disturbance*100)
	}
}

func (r *Report) writeProcesses(text *strings.Builder) {
	rows := table{"run\trecords\tinto\tprocess\tidle MiB\tpeak MiB\tgrown MiB\tprocessor s"}
	for _, i := range r.Imports {
		for _, l := range i.Loads {
			for _, p := range l.Processes {
				rows.addf("%d\t%s\t%s\t%s\t%.1f\t%.1f\t%.1f\t%.2f", i.Run, number(i.Records), kindNames[l.Kind],
					p.Name, mib(p.Idle), mib(p.Peak), mib(p.Peak-p.Idle), p.CPU)
			}
		}
	}
	if len(rows) > 1 {
		rows.write(text, "Processes: resident memory and processor time during an import")
	}
}

// writeSizes shows what should not depend on the size: the cost of a record, and the memory.
func (r *Report) writeSizes(text *strings.Builder) {
	rows := table{"records\tµs a record, empty table\tthe same again\tratio\tapi grown MiB\timporter grown MiB"}
	for _, size := range r.sizes() {
		share, _ := r.median(size, New, Import.Ratio)
		cells := []string{number(size), r.cost(size, New), r.cost(size, Again), ratio(share)}
		for _, limit := range memoryLimits {
			growth, _ := r.growth(size, limit.service)
			cells = append(cells, fmt.Sprintf("%.1f", mib(growth)))
		}
		rows.addf("%s", strings.Join(cells, "\t"))
	}
	rows.write(text, "By size, in the median of the runs (memory: the maximum)")
}

func (r *Report) cost(size int, kind Kind) string {
	cost, found := r.median(size, kind, func(i Import, l Load) float64 { return float64(l.Total()) * 1e6 / float64(i.Records) })
	if !found {
		return "-"
	}
	return fmt.Sprintf("%.2f", cost)
}

func (l Latency) write(text *strings.Builder) {
	rows := table{"\tmedian ms\t95 % ms\tworst ms"}
	for _, row := range []struct {
		name string
		Quantiles
	}{{"POST to 202", l.Accepted}, {"202 to COMPLETED", l.Completed}, {"both", l.Whole}} {
		rows.addf("%s\t%.1f\t%.1f\t%.1f", row.name, row.Median, row.P95, row.Worst)
	}
	rows.write(text, fmt.Sprintf("Small imports: %d of %d records, one after another on the idle stack", l.Imports, l.Records))
}

func (i Idle) write(text *strings.Builder) {
	rows := table{"Redis command\tper second"}
	for _, c := range i.Commands {
		rows.addf("%s\t%.1f", c.Name, perSecond(int(c.Calls), i.Observed))
	}
	all := i.CommandsPerSecond()
	rows.addf("all\t%.1f", all)
	rows.addf("for each of %d importers\t%.1f", i.Importers, all/float64(max(i.Importers, 1)))
	rows.write(text, fmt.Sprintf("The idle stack, over %.0f s", i.Observed))
	shares := []string{"Redis " + percent(i.RedisCPU, i.Observed)}
	for _, p := range i.Processes {
		shares = append(shares, p.Name+" "+percent(p.CPU, i.Observed))
	}
	text.WriteString("  Processor: " + strings.Join(shares, ", ") + " of a core\n")
	if i.OtherClients > 0 {
		_, _ = fmt.Fprintf(text, "  Redis had %d sessions of other programs, whose commands are counted here too.\n", i.OtherClients)
	}
}

func (r *Report) writeChecks(text *strings.Builder) {
	if len(r.Checks) > 0 {
		text.WriteString("\nPromises\n")
	}
	for _, c := range r.Checks {
		word := "kept  "
		if !c.Kept {
			word = "BROKEN"
		}
		text.WriteString("  " + word + "  " + c.Text + "\n")
	}
}

func percent(used, of Seconds) string { return fmt.Sprintf("%.1f %%", float64(used)/float64(of)*100) }

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

// number formats an integer with a comma after each thousand.
func number(n int) string { return message.NewPrinter(language.English).Sprintf("%d", n) }
