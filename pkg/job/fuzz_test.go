package job_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/longshore-io/longshore/pkg/job"
)

// FuzzDecodeEntry decodes payloads of queue entries. What was accepted is the same after it was
// encoded again.
func FuzzDecodeEntry(f *testing.F) {
	for _, seed := range []string{
		`{"task_id":"01a201ca-08ae-76bd-94da-dcd44d595976","chunk":7}`, `{"task_id":"01a201ca08ae76bd94dadcd44d595976","chunk":-1}`, `{"chunk":1e99}`,
		`{"task_id":"01a201ca-08ae-76bd-94da-dcd44d595976","chunk":0,"whole":true,"more":["01a201ca-08ae-76bd-94da-dcd44d595977"]}`, `{}`, `null`, `[`, "\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		c, err := job.DecodeEntry(payload)
		if err != nil {
			return
		}
		if again, err := job.DecodeEntry(c.Encode()); err != nil || !cmp.Equal(again, c, cmpopts.EquateEmpty()) {
			t.Errorf("DecodeEntry(%s) = %v, and %v, %v after it was encoded", payload, c, again, err)
		}
	})
}
