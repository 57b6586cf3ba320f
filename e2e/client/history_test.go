package client

import "testing"

// TestHistory shows pollers what must not be, and expects that they notice.
func TestHistory(t *testing.T) {
	t.Parallel()
	waiting := monitor("NotStarted", Counts{Total: 10, Unprocessed: 10})
	early := monitor("Running", Counts{Total: 10, Created: 2, Imported: 2, Unprocessed: 8})
	late := monitor("Running", Counts{Total: 10, Created: 4, Failed: 1, Imported: 4, Unprocessed: 5})
	end := monitor("Succeeded", Counts{Total: 10, Created: 9, Failed: 1, Imported: 9})
	shuffled := monitor("Running", Counts{Total: 10, Created: 1, Updated: 6, Imported: 7, Unprocessed: 3})
	otherEnd := monitor("Succeeded", Counts{Total: 10, Created: 8, Failed: 2, Imported: 8})
	failed := monitor("Failed", late.Counts)
	lost := monitor("Running", Counts{Total: 10, Created: 2, Imported: 2, Unprocessed: 7})
	unlike := early
	unlike.PercentComplete = 50
	short := monitor("Succeeded", early.Counts)
	tests := []struct {
		name string
		seen []Monitor
		good bool
	}{
		{"forward", []Monitor{waiting, early, early, late, end, end}, true},
		{"failed_in_the_middle", []Monitor{early, failed, failed}, true},
		{"percent_back", []Monitor{late, early}, false},
		{"status_back", []Monitor{early, monitor("NotStarted", early.Counts)}, false},
		{"count_back", []Monitor{early, shuffled}, false},
		{"end_changed", []Monitor{end, otherEnd}, false},
		{"end_left", []Monitor{failed, late}, false},
		{"total_changed", []Monitor{waiting, monitor("NotStarted", Counts{Total: 11, Unprocessed: 11})}, false},
		{"counts_do_not_add_up", []Monitor{lost}, false},
		{"percent_is_not_that_of_the_counts", []Monitor{unlike}, false},
		{"succeeded_too_early", []Monitor{short}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var h history
			var err error
			for _, m := range test.seen {
				if err = h.add(m); err != nil {
					break
				}
			}
			if (err == nil) != test.good {
				t.Errorf("the verdict on it is %v", err)
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
