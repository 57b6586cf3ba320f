package monitoring

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// every is how far the samples of a test lie apart, and how often rules are evaluated.
const every = time.Minute

// memory holds series for Prometheus' engine. It is its own querier.
type memory struct {
	storage.LabelQuerier // the engine asks for none
	series               map[string]*series
}

type series struct {
	labels  labels.Labels
	samples []chunks.Sample
}

// sample is a value at a time in milliseconds.
type sample struct {
	at    int64
	value float64
}

func (m *memory) append(of labels.Labels, s sample) {
	key := of.String()
	if m.series[key] == nil {
		m.series[key] = &series{labels: of}
	}
	m.series[key].samples = append(m.series[key].samples, floatSample{s})
}

// Querier returns the whole memory: the engine skips what lies outside of its time.
func (m *memory) Querier(int64, int64) (storage.Querier, error) { return m, nil }

// Close does nothing.
func (m *memory) Close() error { return nil }

// Select returns the series that match.
func (m *memory) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	found := &found{}
	for _, one := range m.series {
		if matchesAll(one.labels, matchers) {
			found.series = append(found.series, storage.NewListSeries(one.labels, one.samples))
		}
	}
	return found
}

func matchesAll(of labels.Labels, matchers []*labels.Matcher) bool {
	for _, matcher := range matchers {
		if !matcher.Matches(of.Get(matcher.Name)) {
			return false
		}
	}
	return true
}

// found is the answer to a selection.
type found struct {
	series []storage.Series
	next   int
}

func (f *found) Next() bool                        { f.next++; return f.next <= len(f.series) }
func (f *found) At() storage.Series                { return f.series[f.next-1] }
func (f *found) Err() error                        { return nil }
func (f *found) Warnings() annotations.Annotations { return nil }

// load adds a series in the notation of Prometheus' own tests, such as `up{job="a"}` and `1x5 0`, a value for each minute.
func (m *memory) load(t *testing.T, metric, values string) {
	t.Helper()
	of, sequence, err := parser.ParseSeriesDesc(metric + " " + values)
	if err != nil {
		t.Fatalf("%s %s: %v", metric, values, err)
	}
	for i, value := range sequence {
		if !value.Omitted {
			m.append(of, sample{int64(i) * every.Milliseconds(), value.Value})
		}
	}
}

// prometheus evaluates rules over a memory, as Prometheus would.
type prometheus struct {
	engine *promql.Engine
	memory *memory
	groups []rulefmt.RuleGroup
	raised map[string]bool // the expressions that raised an alert
}

func newPrometheus(t *testing.T, groups []rulefmt.RuleGroup, raised map[string]bool) *prometheus {
	t.Helper()
	engine := promql.NewEngine(promql.EngineOpts{
		Logger: slog.New(slog.DiscardHandler), MaxSamples: 1e6, Timeout: time.Minute, EnableAtModifier: true, EnableNegativeOffset: true,
	})
	t.Cleanup(func() { _ = engine.Close() })
	return &prometheus{engine: engine, memory: &memory{series: make(map[string]*series)}, groups: groups, raised: raised}
}

// fired evaluates all rules every minute from the first to the last and returns the alerts that fired in any of them, with the labels of
// their results: what fires and stops again has woken somebody too.
func (p *prometheus) fired(t *testing.T, last int) map[string]bool {
	t.Helper()
	var rules []rulefmt.Rule
	for _, group := range p.groups {
		rules = append(rules, group.Rules...)
	}
	fired := make(map[string]bool)
	since := make([]map[string]time.Time, len(rules)) // when each alert became active
	for minute := range last + 1 {
		for i, rule := range rules {
			since[i] = p.evaluate(t, rule, time.UnixMilli(int64(minute)*every.Milliseconds()), since[i], fired)
		}
	}
	return fired
}

// evaluate returns the alerts that are active, and since when.
func (p *prometheus) evaluate(t *testing.T, rule rulefmt.Rule, at time.Time, since map[string]time.Time, fired map[string]bool) map[string]time.Time {
	t.Helper()
	active := make(map[string]time.Time)
	for _, result := range p.ask(t, rule.Expr, at) {
		if rule.Record != "" {
			of := labels.NewBuilder(result.Metric).Set(labels.MetricName, rule.Record).Labels()
			p.memory.append(of, sample{at.UnixMilli(), result.F})
			continue
		}
		key := rule.Alert + " " + rule.Labels["severity"] + " " + labels.NewBuilder(result.Metric).Del(labels.MetricName).Labels().String()
		active[key] = at
		if before, was := since[key]; was {
			active[key] = before
		}
		if at.Sub(active[key]) >= time.Duration(rule.For) {
			fired[key], p.raised[rule.Expr] = true, true
		}
	}
	return active
}

func (p *prometheus) ask(t *testing.T, query string, at time.Time) promql.Vector {
	t.Helper()
	q, err := p.engine.NewInstantQuery(t.Context(), p.memory, nil, query, at)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer q.Close()
	answer, err := q.Exec(t.Context()).Vector()
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return append(promql.Vector(nil), answer...) // Close takes back what the answer lies in
}

// floatSample is a sample as Prometheus' lists want them.
type floatSample struct{ sample }

func (s floatSample) T() int64                      { return s.at }
func (s floatSample) F() float64                    { return s.value }
func (s floatSample) H() *histogram.Histogram       { return nil }
func (s floatSample) FH() *histogram.FloatHistogram { return nil }
func (s floatSample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s floatSample) Copy() chunks.Sample           { return s }
