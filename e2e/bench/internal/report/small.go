package report

import "strings"

// Small is many small imports that clients send at the same time, until the last one is done.
type Small struct {
	Run     int `json:"run"` // from 1
	Imports int `json:"imports"`
	Records int `json:"recordsEach"`
	Clients int `json:"clients"`
	// Baselines are the times of bare transactions of the same records, before and after the imports.
	Baselines []Seconds `json:"baselineSeconds"`
	// Accepted ends with the last 202, Done when the last import has succeeded. Both begin with the first POST.
	Accepted Seconds `json:"acceptedSeconds"`
	Done     Seconds `json:"doneSeconds"`
}

// Rate returns the imports per second until the last one was done.
func (s Small) Rate() float64 { return perSecond(s.Imports, s.Done) }

// Baseline returns the bare transactions per second.
func (s Small) Baseline() float64 {
	var total Seconds
	for _, elapsed := range s.Baselines {
		total += elapsed
	}
	return perSecond(s.Imports*len(s.Baselines), total)
}

// Ratio returns Rate divided by Baseline.
func (s Small) Ratio() float64 { return s.Rate() / s.Baseline() }

// Polls is how often clients read the status of operations.
type Polls struct {
	Dialect    string `json:"dialect"`
	Operations int    `json:"operations"`
	Clients    int    `json:"clients"`
	// Conditional is true for requests with If-None-Match, which are answered by 304.
	Conditional bool `json:"ifNoneMatch"`
	// Rate and Bare are requests per second: of the api, and of an HTTP server that writes the same bytes.
	Rate float64 `json:"perSecond"`
	Bare float64 `json:"barePerSecond"`
}

func (r *Report) writeSmall(text *strings.Builder) {
	rows := table{"run\timports\trecords\tclients\taccepted s\tdone s\timports/s\tbare/s\tratio"}
	for _, s := range r.Small {
		rows.addf("%d\t%s\t%s\t%d\t%.2f\t%.2f\t%s\t%s\t%s", s.Run, number(s.Imports), number(s.Records), s.Clients,
			s.Accepted, s.Done, rate(s.Rate()), rate(s.Baseline()), ratio(s.Ratio()))
	}
	if len(r.Small) > 0 {
		rows.write(text, "Small imports until the last is done, and bare transactions INSERT … ON CONFLICT of the same records")
	}
}

func (r *Report) writePolls(text *strings.Builder) {
	rows := table{"dialect\toperations\tclients\tIf-None-Match\tpolls/s\tbare/s\tratio"}
	for _, p := range r.Polls {
		conditional := ""
		if p.Conditional {
			conditional = "yes"
		}
		rows.addf("%s\t%s\t%d\t%s\t%s\t%s\t%s", p.Dialect, number(p.Operations), p.Clients, conditional, rate(p.Rate), rate(p.Bare), ratio(p.Rate/p.Bare))
	}
	if len(r.Polls) > 0 {
		rows.write(text, "Polls of finished imports, and a bare HTTP server with the same answers")
	}
}
