package job_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

// TestEntryEncode pins the payload, which contains ids only: entries outlive the version that
// queued them.
func TestEntryEncode(t *testing.T) {
	t.Parallel()
	id, more := uuid.MustParse("01a201ae-643b-7032-9200-b75443fd8cd8"), uuid.MustParse("01a201ae-643b-7032-9200-b75443fd8cd9")
	for _, tt := range []struct {
		entry job.Entry
		want  string
	}{
		{job.Entry{Chunk: job.Chunk{OperationID: id, Seq: 7}}, `{"task_id":"01a201ae-643b-7032-9200-b75443fd8cd8","chunk":7}`},
		{job.WholeImports(id, more), `{"task_id":"01a201ae-643b-7032-9200-b75443fd8cd8","chunk":0,"whole":true,"more":["01a201ae-643b-7032-9200-b75443fd8cd9"]}`},
	} {
		if got := string(tt.entry.Encode()); got != tt.want {
			t.Errorf("Encode() = %s, want %s", got, tt.want)
		}
		got, err := job.DecodeEntry(tt.entry.Encode())
		if diff := cmp.Diff(tt.entry, got); err != nil || diff != "" {
			t.Errorf("DecodeEntry() error %v (-want +got):\n%s", err, diff)
		}
	}
}

func TestEntryChunks(t *testing.T) {
	t.Parallel()
	a, b := uuid.New(), uuid.New()
	want := []job.Chunk{{OperationID: a}, {OperationID: b}}
	if diff := cmp.Diff(want, job.WholeImports(a, b).Chunks()); diff != "" {
		t.Errorf("Chunks() (-want +got):\n%s", diff)
	}
}

func TestDecodeEntryRejectsOtherPayloads(t *testing.T) {
	t.Parallel()
	if e, err := job.DecodeEntry([]byte("nonsense")); err == nil {
		t.Errorf("DecodeEntry() = %v, want an error", e)
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
