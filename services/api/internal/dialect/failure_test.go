package dialect_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
)

func TestFailureOf(t *testing.T) {
	t.Parallel()
	own := &operation.Failure{Code: "ChunkAbandoned", Message: "Chunk 3 was given up."}
	for name, tt := range map[string]struct {
		op   operation.Operation
		want string
	}{
		"its own":          {operation.Operation{State: operation.Failed, Failure: own}, "ChunkAbandoned"},
		"failed":           {operation.Operation{State: operation.Failed}, "Failed"},
		"cancelled":        {operation.Operation{State: operation.Cancelled}, "Canceled"},
		"timed out":        {operation.Operation{State: operation.TimedOut}, "TimedOut"},
		"succeeded":        {operation.Operation{State: operation.Succeeded, Failure: own}, ""},
		"still unfinished": {operation.Operation{State: operation.Running}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failure := dialect.FailureOf(&tt.op)
			code := ""
			if failure != nil {
				code = failure.Code
			}
			if code != tt.want {
				t.Errorf("FailureOf() = %+v, want code %q", failure, tt.want)
			}
			if failure != nil && failure.Message == "" {
				t.Error("FailureOf() has no message")
			}
			if tt.want == own.Code {
				if diff := cmp.Diff(own, failure); diff != "" {
					t.Errorf("FailureOf() (-want +got):\n%s", diff)
				}
			}
		})
	}
}
