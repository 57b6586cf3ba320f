package edge_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/precondition"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

func TestReadCondition(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		header http.Header
		want   precondition.Condition
	}{
		"none":           {http.Header{}, precondition.Condition{}},
		"strong":         {http.Header{"If-Match": {`"7"`}}, precondition.Condition{Match: []string{"7"}}},
		"weak":           {http.Header{"If-Match": {`W/"7"`}}, precondition.Condition{Match: []string{"7"}}},
		"several":        {http.Header{"If-None-Match": {`"6", W/"7"`, "\t\"8\""}}, precondition.Condition{NoneMatch: []string{"6", "7", "8"}}},
		"any":            {http.Header{"If-None-Match": {"*"}}, precondition.Condition{NoneMatch: []string{"*"}}},
		"quoted any":     {http.Header{"If-Match": {`"*"`}}, precondition.Condition{Match: []string{""}}},
		"no tags":        {http.Header{"If-Match": {`7, "8, 9", W/`}}, precondition.Condition{Match: []string{"", "", "", ""}}},
		"empty":          {http.Header{"If-Match": {""}}, precondition.Condition{Match: []string{""}}},
		"time":           {http.Header{"If-Unmodified-Since": {"Sat, 31 Jan 2026 12:00:00 GMT"}}, precondition.Condition{UnmodifiedSince: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)}},
		"malformed time": {http.Header{"If-Unmodified-Since": {"2026-01-31"}}, precondition.Condition{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, edge.ReadCondition(tt.header)); diff != "" {
				t.Errorf("ReadCondition() (-want +got):\n%s", diff)
			}
		})
	}
}
