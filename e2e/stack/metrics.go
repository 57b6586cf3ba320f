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

// Metrics are what the processes of a service show to Prometheus: families of samples, each process's own.
type Metrics []*dto.MetricFamily

// Metrics reads the metrics of all running processes of a service.
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

// adminAddr finds where a process tells how it is.
var adminAddr = regexp.MustCompile(`health and metrics.*addr(?:=|":")([^\s"]+)`)

// Admin is the address where the nth process of a service, from 0, shows its health and its metrics, without a slash at its end. It is
// another one after each start.
func (s *Stack) Admin(service string, n int) string {
	s.tb.Helper()
	return s.adminOf(s.service(service, n))
}

func (s *Stack) adminOf(process *Service) string {
	s.tb.Helper()
	told := adminAddr.FindAllStringSubmatch(process.log.since(0), -1)
	if told == nil {
		s.tb.Fatalf("the log of the %s does not tell where its metrics are", process.name)
	}
	return "http://" + told[len(told)-1][1]
}

// scrape asks as Prometheus does, in the format that has exemplars.
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

// Value adds up the samples of a counter or a gauge, or the counts of a histogram, whose labels are those given as name and value in turn,
// whatever others they have. It is 0 if there is none.
func (m Metrics) Value(name string, labels ...string) float64 {
	sum := 0.0
	for _, sample := range m.samples(name, labels) {
		sum += sample.GetCounter().GetValue() + sample.GetGauge().GetValue() + float64(sample.GetHistogram().GetSampleCount())
	}
	return sum
}

// Exemplars returns the values that a label has in the exemplars of a counter's or a histogram's samples, chosen as for Value.
func (m Metrics) Exemplars(label, name string, labels ...string) []string {
	var values []string
	for _, sample := range m.samples(name, labels) {
		shown := []*dto.Exemplar{sample.GetCounter().GetExemplar()}
		for _, bucket := range sample.GetHistogram().GetBucket() {
			shown = append(shown, bucket.GetExemplar())
		}
		for _, exemplar := range shown {
			if value := labelsOf(exemplar.GetLabel())[label]; value != "" {
				values = append(values, value)
			}
		}
	}
	return values
}

func (m Metrics) samples(name string, labels []string) []*dto.Metric {
	var chosen []*dto.Metric
	for _, family := range m {
		for _, sample := range family.GetMetric() {
			if family.GetName() == name && holds(labelsOf(sample.GetLabel()), labels) {
				chosen = append(chosen, sample)
			}
		}
	}
	return chosen
}

func labelsOf(pairs []*dto.LabelPair) map[string]string {
	labels := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		labels[pair.GetName()] = pair.GetValue()
	}
	return labels
}

func holds(has map[string]string, wanted []string) bool {
	for i := 0; i+1 < len(wanted); i += 2 {
		if has[wanted[i]] != wanted[i+1] {
			return false
		}
	}
	return true
}

// LogLines returns the lines of all processes of a service that hold all the words, those that were replaced or taken away too.
func (s *Stack) LogLines(service string, words ...string) []string {
	s.tb.Helper()
	var lines []string
	for _, process := range slices.Concat(s.ended[service], s.services[service]) {
		for line := range strings.Lines(process.log.since(0)) {
			lacks := func(word string) bool { return !strings.Contains(line, word) }
			if !slices.ContainsFunc(words, lacks) {
				lines = append(lines, line)
			}
		}
	}
	return lines
}
