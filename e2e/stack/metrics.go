package stack

import (
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// Metrics contains metric families as Prometheus scrapes them, those of each process separately.
type Metrics []*dto.MetricFamily

// Metrics scrapes all running processes of a service.
func (s *Stack) Metrics(service string) Metrics {
	s.tb.Helper()
	var all Metrics
	for _, process := range s.services[service] {
		if process.running {
			all = append(all, s.scrape(s.adminOf(process))...)
		}
	}
	return all
}

// adminAddr matches the log message with the address of a process's admin listener.
var adminAddr = regexp.MustCompile(`health and metrics.*addr(?:=|":")([^\s"]+)`)

// Admin returns the URL of the admin listener of the nth process of a service, counted from 0,
// without a slash at its end. It changes with each start of the process.
func (s *Stack) Admin(service string, n int) string {
	s.tb.Helper()
	return s.adminOf(s.service(service, n))
}

func (s *Stack) adminOf(process *Service) string {
	s.tb.Helper()
	matches := adminAddr.FindAllStringSubmatch(process.log.since(0), -1)
	if matches == nil {
		s.tb.Fatalf("the log of the %s does not contain the address of its admin listener", process.name)
	}
	return "http://" + matches[len(matches)-1][1]
}

// scrape requests the metrics in the format that includes exemplars.
func (s *Stack) scrape(admin string) Metrics {
	s.tb.Helper()
	request, err := http.NewRequestWithContext(s.tb.Context(), http.MethodGet, admin+"/metrics", nil)
	if err != nil {
		s.tb.Fatal(err)
	}
	request.Header.Set("Accept", string(expfmt.NewFormat(expfmt.TypeProtoDelim)))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.tb.Fatalf("reading metrics: %v", err)
	}
	defer func() { _ = response.Body.Close() }()
	decoder := expfmt.NewDecoder(response.Body, expfmt.ResponseFormat(response.Header))
	var all Metrics
	for {
		family := new(dto.MetricFamily)
		switch err := decoder.Decode(family); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			s.tb.Fatalf("reading metrics (%s): %v", response.Status, err)
		}
		all = append(all, family)
	}
}

// Value returns the sum of the samples of a counter or gauge, or of the counts of a histogram, that
// have the given labels (name, value, name, value, …) and possibly others. It is 0 without samples.
func (m Metrics) Value(name string, labels ...string) float64 {
	sum := 0.0
	for _, sample := range m.samples(name, labels) {
		sum += sample.GetCounter().GetValue() + sample.GetGauge().GetValue() + float64(sample.GetHistogram().GetSampleCount())
	}
	return sum
}

// Exemplars returns the values of a label in the exemplars of a counter or histogram, of the samples
// that Value would add up.
func (m Metrics) Exemplars(label, name string, labels ...string) []string {
	var values []string
	for _, sample := range m.samples(name, labels) {
		exemplars := []*dto.Exemplar{sample.GetCounter().GetExemplar()}
		for _, bucket := range sample.GetHistogram().GetBucket() {
			exemplars = append(exemplars, bucket.GetExemplar())
		}
		for _, exemplar := range exemplars {
			if value := labelsOf(exemplar.GetLabel())[label]; value != "" {
				values = append(values, value)
			}
		}
	}
	return values
}

func (m Metrics) samples(name string, labels []string) []*dto.Metric {
	var matching []*dto.Metric
	for _, family := range m {
		for _, sample := range family.GetMetric() {
			if family.GetName() == name && hasLabels(labelsOf(sample.GetLabel()), labels) {
				matching = append(matching, sample)
			}
		}
	}
	return matching
}

func labelsOf(pairs []*dto.LabelPair) map[string]string {
	labels := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		labels[pair.GetName()] = pair.GetValue()
	}
	return labels
}

func hasLabels(labels map[string]string, want []string) bool {
	for i := 0; i+1 < len(want); i += 2 {
		if labels[want[i]] != want[i+1] {
			return false
		}
	}
	return true
}

// LogLines returns the lines that contain all the words, from the logs of all processes of a service,
// including replaced and removed ones.
func (s *Stack) LogLines(service string, words ...string) []string {
	s.tb.Helper()
	var lines []string
	for _, process := range slices.Concat(s.ended[service], s.services[service]) {
		for line := range strings.Lines(process.log.since(0)) {
			missing := func(word string) bool { return !strings.Contains(line, word) }
			if !slices.ContainsFunc(words, missing) {
				lines = append(lines, line)
			}
		}
	}
	return lines
}
