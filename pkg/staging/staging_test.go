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

// recordStream is a stream of n records, each after a delay, that ends with err.
type recordStream struct {
	n, read int
	delay   time.Duration
	err     error
}

// Next returns the next record.
func (s *recordStream) Next() ([]byte, error) {
	if s.read == s.n {
		return nil, s.err
	}
	time.Sleep(s.delay) // the clock of the bubble
	s.read++
	return fmt.Appendf(nil, `{"n":%d}`, s.read), nil
}

func TestPlanRunStagesAllButLastChunk(t *testing.T) {
	t.Parallel()
	for records, want := range map[int][]int{1: {1}, 10: {10}, 11: {10, 1}, 20: {10, 10}, 25: {10, 10, 5}} {
		var got []int
		plan := staging.Plan{Rows: 10, Bytes: 1 << 20, Stage: func(_ context.Context, c chunk.Chunk) error {
			got = append(got, c.Rows)
			return nil
		}}
		last, err := plan.Run(t.Context(), &recordStream{n: records, err: io.EOF})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, append(got, last.Rows)); diff != "" {
			t.Errorf("rows of the chunks of %d records (-want +got):\n%s", records, diff)
		}
		if lastRow := last.FirstRow + last.Rows - 1; lastRow != records {
			t.Errorf("last row of %d records = %d, want %d", records, lastRow, records)
		}
	}
}

func TestPlanRunReturnsFirstError(t *testing.T) {
	t.Parallel()
	recordErr, stageErr := errors.New("record"), errors.New("stage")
	failing := func(context.Context, chunk.Chunk) error { return stageErr }
	working := func(context.Context, chunk.Chunk) error { return nil }
	if _, err := (staging.Plan{Rows: 10, Bytes: 1 << 20, Stage: working}).Run(t.Context(),
		&recordStream{n: 55, err: recordErr}); !errors.Is(err, recordErr) {
		t.Errorf("Run() with failing records = %v, want %v", err, recordErr)
	}
	if _, err := (staging.Plan{Rows: 10, Bytes: 1 << 20, Stage: failing}).Run(t.Context(),
		&recordStream{n: 55, err: io.EOF}); !errors.Is(err, stageErr) {
		t.Errorf("Run() with failing Stage = %v, want %v", err, stageErr)
	}
}

func TestPlanRunTouches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		touches := 0
		gone := errors.New("gone")
		plan := staging.Plan{
			Rows: 10, Bytes: 1 << 20, Stage: func(context.Context, chunk.Chunk) error { return nil },
			Touch: func(context.Context) error {
				touches++
				if touches == 4 {
					return gone
				}
				return nil
			},
		}
		_, err := plan.Run(t.Context(), &recordStream{n: 100, delay: 5 * time.Second, err: io.EOF})
		if !errors.Is(err, gone) || touches != 4 {
			t.Errorf("Run() = %v after %d touches, want %v after 4", err, touches, gone)
		}
	})
}

func TestRequestEncodeDecode(t *testing.T) {
	t.Parallel()
	limits := intake.Limits{Body: 1, Record: 2, Records: 3, Depth: 4, Ratio: 5}
	want, err := staging.NewRequest("text/csv; delimiter=tab", intake.Options{Sheet: "2"}, 6, 7, limits)
	if err != nil {
		t.Fatal(err)
	}
	got, err := staging.DecodeRequest(want.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if got != want || got.Limits() != limits {
		t.Errorf("DecodeRequest() = %+v, want %+v", got, want)
	}
	if _, err := staging.DecodeRequest([]byte(`[]`)); err == nil {
		t.Error("DecodeRequest() of an array = nil error, want an error")
	}
}

// A release that knows only ContentType must not split a body that it would read differently.
func TestNewRequestHidesTypeFromEarlierReleases(t *testing.T) {
	t.Parallel()
	limits := intake.Limits{Body: 1, Record: 2, Records: 3, Depth: 4, Ratio: 5}
	for _, tt := range []struct {
		contentType string
		options     intake.Options
		want        string
	}{
		{"application/json", intake.Options{}, "application/json"},
		{"text/csv; delimiter=tab", intake.Options{}, "text/csv; delimiter=tab"},
		{"text/csv; charset=latin1", intake.Options{}, "text/csv; charset=latin1"},
		{"text/csv; emptyCells=null", intake.Options{}, ""},
		{"text/csv", intake.Options{Delimiter: "tab"}, ""},
		{"text/csv", intake.Options{HeaderRow: 3}, ""},
	} {
		t.Run(tt.contentType, func(t *testing.T) {
			t.Parallel()
			got, err := staging.NewRequest(tt.contentType, tt.options, 6, 7, limits)
			if err != nil {
				t.Fatal(err)
			}
			if got.ContentType != tt.want || got.Type != tt.contentType {
				t.Errorf("ContentType = %q, Type = %q, want %q, %q", got.ContentType, got.Type, tt.want, tt.contentType)
			}
		})
	}
}
