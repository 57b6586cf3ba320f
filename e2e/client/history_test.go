package client

import "testing"

// TestHistoryAdd checks that history.add accepts only possible sequences of monitors.
func TestHistoryAdd(t *testing.T) {
	t.Parallel()
	waiting := monitor("NotStarted", Counts{Total: 10, Unprocessed: 10})
	early := monitor("Running", Counts{Total: 10, Created: 2, Imported: 2, Unprocessed: 8})
	late := monitor("Running", Counts{Total: 10, Created: 4, Failed: 1, Imported: 4, Unprocessed: 5})
	end := monitor("Succeeded", Counts{Total: 10, Created: 9, Failed: 1, Imported: 9})
	shuffled := monitor("Running", Counts{Total: 10, Created: 1, Updated: 6, Imported: 7, Unprocessed: 3})
	otherCounts := monitor("Succeeded", Counts{Total: 10, Created: 8, Failed: 2, Imported: 8})
	failed := monitor("Failed", late.Counts)
	lost := monitor("Running", Counts{Total: 10, Created: 2, Imported: 2, Unprocessed: 7})
	wrongPercent := early
	wrongPercent.PercentComplete = 50
	short := monitor("Succeeded", early.Counts)
	tests := []struct {
		name  string
		added []Monitor
		valid bool
	}{
		{"forward", []Monitor{waiting, early, early, late, end, end}, true},
		{"failed_in_the_middle", []Monitor{early, failed, failed}, true},
		{"percent_back", []Monitor{late, early}, false},
		{"status_back", []Monitor{early, monitor("NotStarted", early.Counts)}, false},
		{"count_back", []Monitor{early, shuffled}, false},
		{"final_counts_changed", []Monitor{end, otherCounts}, false},
		{"terminal_status_changed", []Monitor{failed, late}, false},
		{"total_changed", []Monitor{waiting, monitor("NotStarted", Counts{Total: 11, Unprocessed: 11})}, false},
		{"counts_do_not_add_up", []Monitor{lost}, false},
		{"percent_differs_from_counts", []Monitor{wrongPercent}, false},
		{"succeeded_too_early", []Monitor{short}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var h history
			var err error
			for _, m := range test.added {
				if err = h.add(m); err != nil {
					break
				}
			}
			if (err == nil) != test.valid {
				t.Errorf("add() = %v, want valid: %t", err, test.valid)
			}
		})
	}
}

func monitor(status string, counts Counts) Monitor {
	m := Monitor{Kind: "import", Status: status, Counts: counts, PercentComplete: counts.percent()}
	if status == "Succeeded" {
		m.Result = &Result{Counts: counts}
	}
	return m
}
