package report_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/e2e/bench/internal/report"
)

const mebibyte = 1 << 20

// newReport returns a report that is just within every promise.
func newReport() *report.Report {
	processes := []report.Process{
		{Service: "api", Name: "api", Idle: 20 * mebibyte, Peak: 84 * mebibyte, CPU: 1.5},
		{Service: "importer", Name: "importer-1", Idle: 20 * mebibyte, Peak: 30 * mebibyte, CPU: 2},
		{Service: "importer", Name: "importer-2", Idle: 20 * mebibyte, Peak: 148 * mebibyte, CPU: 2},
		{Service: "janitor", Name: "janitor", Idle: 10 * mebibyte, Peak: 900 * mebibyte},
	}
	return &report.Report{
		Imports: []report.Import{{
			Run: 1, Records: 1_000_000, Bytes: 380e6, Baselines: []report.Seconds{2, 4},
			Loads: []report.Load{
				{Kind: report.New, Upload: 2, Processing: 4, Responses: 80, Processes: processes},
				{Kind: report.Again, Upload: 2, Processing: 10, Responses: 200, Processes: processes},
			},
		}},
		Latency: &report.Latency{Imports: 50, Records: 5, Whole: report.Quantiles{Median: 199.9, P95: 300}},
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*report.Report)
		broken string // a part of the only broken check
	}{
		"all_kept":       {func(*report.Report) {}, ""},
		"slow":           {func(r *report.Report) { r.Imports[0].Loads[0].Processing = 4.1 }, "0.49 of bare COPY"},
		"slow_but_small": {func(r *report.Report) { r.Imports[0].Loads[0].Processing = 4.1; r.Imports[0].Records = 999_999 }, ""},
		"no_baseline":    {func(r *report.Report) { r.Imports[0].Baselines = nil }, ""},
		"api_grows":      {func(r *report.Report) { r.Imports[0].Loads[1].Processes[0].Peak += mebibyte }, "api grows by 65.0 MiB"},
		"importer_grows": {func(r *report.Report) { r.Imports[0].Loads[1].Processes[2].Peak += mebibyte }, "importer grows by 129.0 MiB"},
		"late":           {func(r *report.Report) { r.Latency.Whole.Median = 200 }, "200.0 ms"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReport()
			test.change(r)
			r.Judge()
			broken := slices.DeleteFunc(slices.Clone(r.Checks), func(c report.Check) bool { return c.Kept })
			if got, want := r.Kept(), test.broken == ""; got != want {
				t.Errorf("Kept() = %v, want %v: %+v", got, want, r.Checks)
			}
			if test.broken != "" && (len(broken) != 1 || !strings.Contains(broken[0].Text, test.broken)) {
				t.Errorf("broken checks = %+v, want one with %q", broken, test.broken)
			}
		})
	}
}

func TestJudgeUsesMedianOfRuns(t *testing.T) {
	t.Parallel()
	r := newReport()
	slow := newReport().Imports[0]
	slow.Loads[0].Processing = 400
	r.Imports = append(r.Imports, slow, newReport().Imports[0])
	r.Judge()
	if !r.Kept() {
		t.Errorf("Kept() = false with one slow run of three, want true: %+v", r.Checks)
	}
}

func TestRates(t *testing.T) {
	t.Parallel()
	r := newReport().Imports[0]
	got := []float64{r.Baseline(), r.Rate(r.Loads[0]), r.Ratio(r.Loads[0]), r.Ratio(r.Loads[1])}
	want := []float64{2e6 / 6.0, 1e6 / 6.0, 0.5, 0.25}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rates (-want +got):\n%s", diff)
	}
}

func TestQuantiles(t *testing.T) {
	t.Parallel()
	var hundred []time.Duration
	for n := 100; n >= 1; n-- {
		hundred = append(hundred, time.Duration(n)*time.Millisecond)
	}
	for name, test := range map[string]struct {
		times []time.Duration
		want  report.Quantiles
	}{
		"odd":     {[]time.Duration{3 * time.Millisecond, time.Millisecond, 1500 * time.Microsecond}, report.Quantiles{Median: 1.5, P95: 3, Worst: 3}},
		"hundred": {hundred, report.Quantiles{Median: 50.5, P95: 95, Worst: 100}},
	} {
		if got := report.QuantilesOf(test.times); got != test.want {
			t.Errorf("%s: QuantilesOf() = %+v, want %+v", name, got, test.want)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	r := newReport()
	r.Judge()
	var out strings.Builder
	if err := r.JSON(&out); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Imports []struct {
			Records  int     `json:"records"`
			Baseline float64 `json:"bareCopyRecordsPerSecond"`
			Loads    []struct {
				Kind       string  `json:"kind"`
				Processing float64 `json:"processingSeconds"`
				Ratio      float64 `json:"ratioToBareCopy"`
			} `json:"loads"`
		} `json:"imports"`
		Checks []report.Check `json:"checks"`
	}
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Imports) != 1 || len(got.Imports[0].Loads) != 2 || len(got.Checks) != len(r.Checks) {
		t.Fatalf("JSON() = %s, want one import with two loads and all checks", out.String())
	}
	again := got.Imports[0].Loads[1]
	if again.Kind != "again" || again.Processing != 10 || again.Ratio != 0.25 || got.Imports[0].Baseline != 1e6/3.0 {
		t.Errorf("JSON() = %+v, want the rates of the import", got)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	r := newReport()
	r.Setup = []string{"2 cores"}
	larger := newReport().Imports[0]
	larger.Records, larger.Disturbance = 10_000_000, 0.87
	r.Imports = append(r.Imports, larger)
	r.Idle = &report.Idle{
		Observed: 10, Importers: 2, RedisCPU: 0.2, OtherClients: 3,
		Commands: []report.Command{{Name: "evalsha", Calls: 400}}, Processes: []report.Process{{Name: "api", CPU: 0.01}},
	}
	r.Judge()
	var out strings.Builder
	if err := r.Text(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"2 cores", "1,000,000", "166,666", "0.50", "64.0", "12.00", "evalsha", "40.0", "Redis 2.0 %", "api 0.1 %", "3 sessions", "up to 87 %", "kept", "199.9",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("Text() lacks %q:\n%s", want, out.String())
		}
	}
}
