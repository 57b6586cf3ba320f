package report

import (
	"encoding/json"
	"io"
)

// JSON writes the report for programs, with the rates that follow from what was measured.
func (r *Report) JSON(out io.Writer) error {
	type load struct {
		Load
		Rate  float64 `json:"recordsPerSecond"`
		Ratio float64 `json:"ratioToBareCopy,omitempty"`
	}
	type measured struct {
		Import
		Loads    []load  `json:"loads"`
		Baseline float64 `json:"bareCopyRecordsPerSecond,omitempty"`
	}
	shape := struct {
		*Report
		Imports []measured `json:"imports,omitempty"`
	}{Report: r}
	for _, i := range r.Imports {
		m := measured{Import: i, Baseline: i.Baseline()}
		for _, l := range i.Loads {
			m.Loads = append(m.Loads, load{Load: l, Rate: i.Rate(l), Ratio: i.Ratio(l)})
		}
		shape.Imports = append(shape.Imports, m)
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(shape)
}
