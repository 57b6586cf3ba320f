package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

func TestRunStepKeepsWarnings(t *testing.T) {
	t.Parallel()
	var many []string
	for n := range 12 {
		many = append(many, fmt.Sprint("warning ", n))
	}
	f := newFixture(t)
	op := f.start(t, 4, 5, 1)
	for seq, tt := range []struct {
		warnings, isNew, kept []string
	}{
		{nil, nil, nil},
		{[]string{"b", "a"}, []string{"b", "a"}, []string{"b", "a"}},
		{[]string{"a"}, nil, []string{"b", "a"}},
		{append([]string{"a"}, many...), append([]string{"a"}, many...), append([]string{"b", "a"}, many[:8]...)},
		{[]string{"z"}, nil, append([]string{"b", "a"}, many[:8]...)},
	} {
		done, err := f.store.RunStep(t.Context(), of(op, seq), func(ctx context.Context, s *store.Step) (store.Effect, error) {
			effect, err := all(operation.Created)(ctx, s)
			effect.Warnings = tt.warnings
			return effect, err
		})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(done.Warnings, tt.isNew) {
			t.Errorf("chunk %d: new warnings = %q, want %q", seq, done.Warnings, tt.isNew)
		}
		if diff := cmp.Diff(tt.kept, f.read(t, op.ID).Warnings); diff != "" {
			t.Errorf("chunk %d: warnings of the operation (-want +got):\n%s", seq, diff)
		}
	}
}
