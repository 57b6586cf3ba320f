package google_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/longshore-io/longshore/pkg/operation"
)

// The family's clients read JSON by the proto's rules, and give up at an Any whose type they can't
// resolve.
func TestProtojsonResolvesEveryAny(t *testing.T) {
	t.Parallel()
	type message struct {
		Metadata, Response json.RawMessage
		Error              struct{ Details []json.RawMessage }
	}
	seen := 0
	for _, state := range operation.States()[1:] {
		got := decode[message](t, send(t, &watcher{op: in(state)}, http.MethodGet, path))
		for _, raw := range append(got.Error.Details, got.Metadata, got.Response) {
			if raw == nil {
				continue
			}
			seen++
			var holder anypb.Any
			if err := protojson.Unmarshal(raw, &holder); err != nil {
				t.Errorf("%s: %s: %v", state, raw, err)
				continue
			}
			var value structpb.Struct
			if err := holder.UnmarshalTo(&value); err != nil || len(value.GetFields()) == 0 {
				t.Errorf("%s: %s: %v", state, raw, err)
			}
		}
	}
	if seen != 10 { // six metadata, one response, three details
		t.Errorf("%d of them were there", seen)
	}
}
