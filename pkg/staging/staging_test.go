package staging_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/intake"
	"github.com/longshore-io/longshore/pkg/staging"
)

// source is n records that end with err; each takes its time.
type source struct {
	n, at int
	pause time.Duration
	err   error
}

// Next returns the next record.
func (s *source) Next() ([]byte, error) {
	if s.at == s.n {
		return nil, s.err
	}
	time.Sleep(s.pause) // the clock of the bubble
	s.at++
	return fmt.Appendf(nil, `{"n":%d}`, s.at), nil
}

func TestAllButTheLastChunkAreStaged(t *testing.T) {
	t.Parallel()
	for records, want := range map[int][]int{1: {1}, 10: {10}, 11: {10, 1}, 20: {10, 10}, 25: {10, 10, 5}} {
		var got []int
		plan := staging.Plan{Rows: 10, Bytes: 1 << 20, Stage: func(_ context.Context, c chunk.Chunk) error {
			got = append(got, c.Rows)
			return nil
		}}
		last, err := plan.Run(t.Context(), &source{n: records, err: io.EOF})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, append(got, last.Rows)); diff != "" || last.FirstRow+last.Rows-1 != records {
			t.Errorf("%d records, the last chunk %+v (-want +got):\n%s", records, last, diff)
		}
	}
}

func TestTheFirstErrorCounts(t *testing.T) {
	t.Parallel()
	theirs, ours := errors.New("theirs"), errors.New("ours")
	broken := func(context.Context, chunk.Chunk) error { return ours }
	fine := func(context.Context, chunk.Chunk) error { return nil }
	if _, err := (staging.Plan{Rows: 10, Bytes: 1 << 20, Stage: fine}).Run(t.Context(), &source{n: 55, err: theirs}); !errors.Is(err, theirs) {
		t.Errorf("broken records: %v", err)
	}
	if _, err := (staging.Plan{Rows: 10, Bytes: 1 << 20, Stage: broken}).Run(t.Context(), &source{n: 55, err: io.EOF}); !errors.Is(err, ours) {
		t.Errorf("broken staging: %v", err)
	}
}

func TestSlowRecordsAreKeptAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		touched := 0
		gone := errors.New("gone")
		plan := staging.Plan{
			Rows: 10, Bytes: 1 << 20, Stage: func(context.Context, chunk.Chunk) error { return nil },
			Touch: func(context.Context) error {
				touched++
				if touched == 4 {
					return gone
				}
				return nil
			},
		}
		_, err := plan.Run(t.Context(), &source{n: 100, pause: 5 * time.Second, err: io.EOF})
		if !errors.Is(err, gone) || touched != 4 {
			t.Errorf("ended with %v after %d touches", err, touched)
		}
	})
}

func TestARequestIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	limits := intake.Limits{Body: 1, Record: 2, Records: 3, Depth: 4, Ratio: 5}
	want := staging.NewRequest("text/csv; delimiter=tab", 6, 7, limits)
	got, err := staging.DecodeRequest(want.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if got != want || got.Limits() != limits {
		t.Errorf("%+v was read as %+v", want, got)
	}
	if _, err := staging.DecodeRequest([]byte(`[]`)); err == nil {
		t.Error("a list was taken for a request")
	}
}
