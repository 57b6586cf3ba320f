package job_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/job"
)

// TestChunkEncode pins the payload, which contains ids only: entries outlive the version that queued them.
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

// TestKind checks that every kind has a queue and an operation, and that KindOf is consistent with both.
func TestKind(t *testing.T) {
	t.Parallel()
	for _, kind := range job.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			seq := 0
			if kind == job.Split {
				seq = job.SplitSeq
			}
			if got := job.KindOf(kind.Operation(), seq); got != kind {
				t.Errorf("KindOf(%q, %d) = %q, want %q", kind.Operation(), seq, got, kind)
			}
			if kind.Queue() == "" {
				t.Error("Queue() is empty")
			}
		})
	}
}
