package ingest_test

import (
	"slices"
	"testing"

	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/record"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// TestRejectionReasonsHaveSeries: a code that the metric does not know would be counted as other.
func TestRejectionReasonsHaveSeries(t *testing.T) {
	t.Parallel()
	for _, code := range []string{
		record.NotAnObject, record.MalformedJSON, record.DuplicateMember, record.UnknownMember, record.InvalidUTF8, record.LoneSurrogate,
		record.NULCharacter, record.NumberOutOfRange, record.TooDeep, record.TooManyMembers,
		load.CodeNotNull, load.CodeType, load.CodeOutOfRange, load.CodeTooLong, load.CodeInvalid, load.CodeInexact, load.CodeCheck, load.CodeNoPartition,
		load.CodeForeignKey, load.CodeUnique, load.CodeExclusion, load.CodeNotAllowed, load.CodeExists, load.CodeMissing, load.CodeUnspecified,
	} {
		if !slices.Contains(metrics.RejectionReasons(), code) {
			t.Errorf("RejectionReasons() lacks %q", code)
		}
	}
}
