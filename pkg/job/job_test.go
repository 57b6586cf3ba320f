package job_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

// TestChunkEncode pins the payload, which contains ids only: entries outlive the version that
// queued them.
func TestChunkEncode(t *testing.T) {
	t.Parallel()
	c := job.Chunk{OperationID: uuid.MustParse("01a201ae-643b-7032-9200-b75443fd8cd8"), Seq: 7}
	if got, want := string(c.Encode()), `{"task_id":"01a201ae-643b-7032-9200-b75443fd8cd8","chunk":7}`; got != want {
		t.Errorf("Encode() = %s, want %s", got, want)
	}
	if got, err := job.DecodeChunk(c.Encode()); err != nil || got != c {
		t.Errorf("DecodeChunk() = %v, %v, want %v", got, err, c)
	}
}

func TestDecodeChunkRejectsOtherPayloads(t *testing.T) {
	t.Parallel()
	if c, err := job.DecodeChunk([]byte("nonsense")); err == nil {
		t.Errorf("DecodeChunk() = %v, want an error", c)
	}
}

// TestKind checks that every kind has a queue and an operation, and that StepOf is consistent with
// both.
func TestKind(t *testing.T) {
	t.Parallel()
	for _, kind := range job.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			want := kind
			if kind == job.Split {
				want = job.Import // what follows the split
			}
			if got := job.StepOf(kind.Operation()); got != want {
				t.Errorf("StepOf(%q) = %q, want %q", kind.Operation(), got, want)
			}
			if kind.Queue() == "" {
				t.Error("Queue() is empty")
			}
		})
	}
}

func TestFirstDue(t *testing.T) {
	t.Parallel()
	id := uuid.New()
	at := func(seq int) job.Chunk { return job.Chunk{OperationID: id, Seq: seq} }
	for name, tt := range map[string]struct {
		kind          operation.Kind
		lanes, chunks int
		want          []job.Due
	}{
		"one chunk per lane": {operation.Import, 2, 5, []job.Due{{Kind: job.Import, Chunk: at(0)}, {Kind: job.Import, Chunk: at(1)}}},
		"fewer than lanes":   {operation.Import, 8, 1, []job.Due{{Kind: job.Import, Chunk: at(0)}}},
		"search":             {operation.Search, 1, 1, []job.Due{{Kind: job.Search, Chunk: at(0)}}},
		"multipart, unsplit": {operation.Import, 4, 0, []job.Due{{Kind: job.Split, Chunk: at(-1)}}}, // the number in the queue entries of earlier releases
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, job.FirstDue(tt.kind, id, tt.lanes, tt.chunks)); diff != "" {
				t.Errorf("FirstDue() (-want +got):\n%s", diff)
			}
		})
	}
}
