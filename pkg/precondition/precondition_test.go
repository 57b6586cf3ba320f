package precondition_test

import (
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/precondition"
)

func TestConditionCheck(t *testing.T) {
	t.Parallel()
	modified := time.Date(2026, 1, 31, 12, 0, 0, 999_000_000, time.UTC)
	second := modified.Truncate(time.Second)
	current, absent := precondition.State{Tag: "7", Modified: modified}, precondition.State{Absent: true}
	for name, tt := range map[string]struct {
		condition precondition.Condition
		state     precondition.State
		holds     bool
	}{
		"none":                             {precondition.Condition{}, current, true},
		"match":                            {precondition.Condition{Match: []string{"6", "7"}}, current, true},
		"match another":                    {precondition.Condition{Match: []string{"6"}}, current, false},
		"match any":                        {precondition.Condition{Match: []string{"*"}}, current, true},
		"match any of nothing":             {precondition.Condition{Match: []string{"*"}}, absent, false},
		"match an empty list":              {precondition.Condition{Match: []string{}}, current, false},
		"match without a tag":              {precondition.Condition{Match: []string{""}}, precondition.State{}, false},
		"none match":                       {precondition.Condition{NoneMatch: []string{"6"}}, current, true},
		"none match the current":           {precondition.Condition{NoneMatch: []string{"7"}}, current, false},
		"none match any":                   {precondition.Condition{NoneMatch: []string{"*"}}, current, false},
		"none match any of nothing":        {precondition.Condition{NoneMatch: []string{"*"}}, absent, true},
		"unmodified since":                 {precondition.Condition{UnmodifiedSince: second}, current, true},
		"modified since":                   {precondition.Condition{UnmodifiedSince: second.Add(-time.Second)}, current, false},
		"unknown modification":             {precondition.Condition{UnmodifiedSince: second}, precondition.State{Tag: "7"}, true},
		"match replaces unmodified since":  {precondition.Condition{Match: []string{"7"}, UnmodifiedSince: second.Add(-time.Hour)}, current, true},
		"none match and unmodified since":  {precondition.Condition{NoneMatch: []string{"6"}, UnmodifiedSince: second.Add(-time.Hour)}, current, false},
		"match the one and none the other": {precondition.Condition{Match: []string{"7"}, NoneMatch: []string{"7"}}, current, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.condition.Check(tt.state)
			if (err == nil) != tt.holds || err != nil && !fault.Is(err, fault.Changed) {
				t.Errorf("Check() = %v, want it to hold: %t", err, tt.holds)
			}
			if got := precondition.Of(precondition.With(t.Context(), tt.condition)); got.Empty() != tt.condition.Empty() {
				t.Errorf("Of() = %+v, want %+v", got, tt.condition)
			}
		})
	}
}
